/** The menu button of small screens: `<button data-nav-toggle aria-controls="nav">`. */
export function startNav(root = document) {
  for (const button of root.querySelectorAll("[data-nav-toggle]")) {
    const menu = document.getElementById(button.getAttribute("aria-controls") ?? "nav");
    if (!menu) continue;
    const show = (open) => {
      button.setAttribute("aria-expanded", String(open));
      menu.classList.toggle("is-open", open);
    };
    show(false);
    button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || button.getAttribute("aria-expanded") !== "true") return;
      show(false);
      button.focus();
    });
  }
}
