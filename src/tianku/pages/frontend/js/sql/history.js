const KEY = "tianku-sql-history";
const LONGEST = 50;

/** The queries run before, newest first; empty where the browser keeps none. */
export function past() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch (error) {
    // Storage may be switched off, or hold what somebody else wrote there.
    if (error instanceof DOMException || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Put `query` in front. */
export function remember(query) {
  store([query, ...past().filter((each) => each !== query)].slice(0, LONGEST));
}

/** Forget every query. */
export function forget() {
  store([]);
}

function store(queries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(queries));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
