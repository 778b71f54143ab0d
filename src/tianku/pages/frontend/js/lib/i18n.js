/** The language of a page part: its own `data-lang`, else that of the document; "zh" or "en". */
export function language(root = document.documentElement) {
  const named = root.dataset?.lang || document.documentElement.lang || "en";
  return named.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** A translator over `words = {key: [english, chinese]}`; `{name}` in a text is replaced from `values`. */
export function translator(words, lang) {
  const column = lang === "zh" ? 1 : 0;
  return (key, values = {}) =>
    words[key][column].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A text of the API, which is a string or `{en, zh}`, in `lang`, falling back to the other language. */
export function localised(text, lang) {
  if (text === null || text === undefined) return "";
  if (typeof text === "string") return text;
  return text[lang] || text.en || text.zh || "";
}
