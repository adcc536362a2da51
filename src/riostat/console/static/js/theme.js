// Sets the chosen theme before the first paint; a classic script, because modules run too late.
(() => {
  const KEY = "riostat.theme";
  const root = document.documentElement;
  const wanted = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden; the system's preference then rules
    }
  };
  const stored = wanted();
  if (stored === "dark" || stored === "light") root.dataset.theme = stored;

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const announce = () => {
      button.setAttribute("aria-pressed", String(isDark()));
      document.dispatchEvent(new Event("themechange"));
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try {
        localStorage.setItem(KEY, root.dataset.theme);
      } catch {
        // the choice then lasts for this page
      }
      announce();
    });
    system.addEventListener("change", announce);
    announce();
  });
})();
