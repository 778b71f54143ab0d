import { el } from "./lib/dom.js";
import { language, translator } from "./lib/i18n.js";

const WORDS = {
  copy: ["Copy", "复制"],
  copied: ["Copied", "已复制"],
  failed: ["Select and copy by hand", "请手动选择复制"],
};
const SHOWN_MS = 1600;

/** Give every `[data-copy]` block a button that copies its text (or the text that `data-copy` holds). */
export function startCopy(root = document) {
  for (const block of root.querySelectorAll("[data-copy]:not([data-copy-ready])")) addButton(block);
}

function addButton(block) {
  const t = translator(WORDS, language());
  block.dataset.copyReady = "";
  const source = block.matches("pre") ? (block.querySelector("code") ?? block) : block;
  const button = el("button", { type: "button", class: "copy-button", "aria-live": "polite" }, t("copy"));
  button.addEventListener("click", async () => {
    const done = await copyText(block.dataset.copy || source.innerText);
    button.textContent = t(done ? "copied" : "failed");
    setTimeout(() => (button.textContent = t("copy")), SHOWN_MS);
  });
  // A sibling, not a child: the button's label must not become part of the block's text.
  const frame = el("div", { class: "copy-frame" });
  block.replaceWith(frame);
  frame.append(block, button);
}

async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = el("textarea", { class: "visually-hidden", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
