// What pages do beside htmx: they stay current, and work without a mouse.
"use strict";
(() => {
  const MOST_ROWS = 1000;
  const ROWS = 100;
  const PAUSE_MS = 2000;

  function isTyping(target) {
    return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest(".xterm"));
  }

  let afterG = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (afterG) {
      afterG = false;
      const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
      if (link) link.click();
    } else if (event.key === "g") {
      afterG = true;
      setTimeout(() => { afterG = false; }, 1500);
    } else if (event.key === "/") {
      const search = document.getElementById("search");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
  });

  const theme = document.getElementById("theme");
  if (theme) {
    theme.addEventListener("click", () => {
      const root = document.documentElement;
      const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = isDark ? "light" : "dark";
      localStorage.setItem("vigo-theme", root.dataset.theme);
    });
  }

  // Those parts of a page that follow what goes on say so with data-live; one connection serves them all.
  const waiting = new Map();
  function refresh(part) {
    if (document.hidden || waiting.has(part)) return;
    waiting.set(part, setTimeout(() => {
      waiting.delete(part);
      if (!part.isConnected || part.contains(document.activeElement)) return;
      if (part.tagName === "TBODY") {
        const shown = Math.min(MOST_ROWS, Math.max(ROWS, part.querySelectorAll("tr:not(.more):not(.total)").length));
        htmx.ajax("GET", `${part.dataset.url}&limit=${shown}`, { target: part, swap: "innerHTML" });
      } else {
        htmx.ajax("GET", part.dataset.url, { target: part, swap: "innerHTML" });
      }
    }, PAUSE_MS));
  }
  const parts = document.querySelectorAll("[data-live]");
  if (parts.length && "EventSource" in window) {
    const events = new EventSource("/api/v1/events");
    for (const name of new Set([...parts].map((part) => part.dataset.live))) {
      events.addEventListener(name, () => {
        for (const part of document.querySelectorAll(`[data-live="${CSS.escape(name)}"]`)) refresh(part);
      });
    }
    addEventListener("pagehide", () => events.close());
  }

  document.addEventListener("htmx:sendError", () => {
    const note = document.getElementById("note");
    if (!note) return;
    const told = document.createElement("p");
    told.className = "note failed";
    told.textContent = "The server cannot be reached. What you see may be old.";
    note.replaceChildren(told);
  });
})();
