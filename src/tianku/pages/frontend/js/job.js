import { get, post, remove } from "./lib/api.js";
import { el } from "./lib/dom.js";
import { errorNotice } from "./lib/errors.js";
import { language, translator } from "./lib/i18n.js";

const WORDS = {
  abort: ["Stop", "中止"],
  remove: ["Delete", "删除"],
  sure: ["Delete the job and its result?", "删除任务及其结果？"],
};
const FINAL = new Set(["COMPLETED", "ERROR", "ABORTED"]);
const WAIT_SECONDS = 25;
const RETRY_MILLISECONDS = 5000;

/** The page of one job: it is loaded again when the job's phase changes; its buttons stop and delete the job. */
class JobPage {
  constructor(root) {
    const lang = language(root);
    const { job, phase, list } = root.dataset;
    Object.assign(this, { root, lang, t: translator(WORDS, lang), address: `/api/v1/jobs/${job}`, phase, list });
    this.actions = root.querySelector("[data-actions]");
    const ended = FINAL.has(phase);
    if (!ended) this.button("abort", () => post(`${this.address}/abort`, {}), () => location.reload());
    this.button("remove", () => this.forget(), () => location.assign(this.list));
    if (!ended) this.follow();
  }

  button(word, act, then) {
    const click = async () => {
      try {
        if ((await act()) !== false) then();
      } catch (error) {
        this.root.append(errorNotice(error, "", this.lang));
      }
    };
    this.actions.append(el("button", { type: "button", class: "button", "data-control": word, onclick: click }, this.t(word)), " ");
  }

  forget() {
    return window.confirm(this.t("sure")) && remove(this.address);
  }

  async follow() {
    try {
      const { phase } = await get(`${this.address}?wait=${WAIT_SECONDS}&phase=${this.phase}`);
      if (phase !== this.phase) location.reload();
      else this.follow();
    } catch {
      setTimeout(() => this.follow(), RETRY_MILLISECONDS);
    }
  }
}

const root = document.getElementById("job");
if (root) new JobPage(root);
