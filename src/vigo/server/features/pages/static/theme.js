// Before anything is drawn, so that nobody in the dark is blinded for a moment.
"use strict";
(() => {
  const chosen = localStorage.getItem("vigo-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
