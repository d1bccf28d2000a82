// A session in the browser: typed into, watched, or shown once more.
"use strict";
(() => {
  const place = document.getElementById("terminal");
  if (!place) return;
  const SAID_EVERY = 64 * 1024;
  const WINDOW = 512 * 1024;
  const AGAIN_MS = 1000;
  const id = encodeURIComponent(place.dataset.session);
  const state = document.getElementById("state");
  const terminal = new Terminal({ cursorBlink: place.dataset.mode === "type", scrollback: 10000, disableStdin: place.dataset.mode !== "type", screenReaderMode: true, fontSize: 14 });
  const fit = new FitAddon.FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);

  function tell(text) { if (state) state.textContent = text; }

  function attach() {
    const encoder = new TextEncoder();
    let shown = 0, taken = 0, said = 0, isOver = false, socket = null;
    let typed = new Uint8Array(0), typedFrom = 0, sent = 0;
    fit.fit();
    const say = (message) => { if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };
    function send() {
      if (!socket || socket.readyState !== WebSocket.OPEN || sent < typedFrom) return;
      const rest = typed.subarray(sent - typedFrom);
      if (rest.length) { socket.send(rest.slice()); sent += rest.length; }
    }
    function type(bytes) {
      if (typed.length + bytes.length > WINDOW) { tell("too much input waits; the machine takes none"); return; }
      const all = new Uint8Array(typed.length + bytes.length);
      all.set(typed); all.set(bytes, typed.length);
      typed = all;
      send();
    }
    function connect() {
      let isAttached = false;
      socket = new WebSocket(`wss://${location.host}/api/v1/scriers/${id}/terminal`);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => say({ type: "attach", output_from: shown, columns: terminal.cols, rows: terminal.rows });
      socket.onmessage = (event) => {
        if (typeof event.data !== "string") {
          const bytes = new Uint8Array(event.data);
          shown += bytes.length;
          terminal.write(bytes, () => {
            taken += bytes.length;
            if (taken - said >= SAID_EVERY) { said = taken; say({ type: "taken", taken_bytes: taken }); }
          });
          return;
        }
        const message = JSON.parse(event.data);
        if (message.type === "attached") {
          isAttached = true; tell("");
          sent = message.input_from;
          if (taken) { said = taken; say({ type: "taken", taken_bytes: taken }); }
          send();
        } else if (message.type === "taken" && message.taken_bytes > typedFrom) {
          typed = typed.slice(message.taken_bytes - typedFrom);
          typedFrom = message.taken_bytes;
        } else if (message.type === "over") {
          isOver = true;
          tell(message.reason || (message.exit_code === null ? "ended" : `ended with exit code ${message.exit_code}`));
          terminal.options.disableStdin = true;
        }
      };
      socket.onclose = () => {
        if (isOver) return;
        tell(isAttached ? "the connection broke; trying again" : "the server cannot be reached; trying again");
        setTimeout(connect, AGAIN_MS);
      };
    }
    terminal.onData((text) => type(encoder.encode(text)));
    terminal.onBinary((text) => type(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    terminal.onResize((size) => say({ type: "resize", columns: size.cols, rows: size.rows }));
    addEventListener("resize", () => fit.fit());
    connect();
    terminal.focus();
  }

  async function* lines(url) {
    const answer = await fetch(url);
    if (!answer.ok) { tell(`the recording cannot be shown (${answer.status})`); return; }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      rest += value || "";
      const whole = rest.split("\n");
      rest = done ? "" : whole.pop();
      for (const line of whole) if (line) yield JSON.parse(line);
      if (done) return;
    }
  }

  function show(event) {
    if (!Array.isArray(event)) { if (event.width && event.height) terminal.resize(event.width, event.height); return; }
    if (event[1] === "o") terminal.write(event[2]);
    else if (event[1] === "r") { const [columns, rows] = event[2].split("x").map(Number); if (columns && rows) terminal.resize(columns, rows); }
  }

  async function watch() {
    for await (const event of lines(`/api/v1/scriers/${id}/recording?follow=true`)) show(event);
    tell("ended");
  }

  async function replay() {
    const play = document.getElementById("play"), again = document.getElementById("again");
    const speed = document.getElementById("speed"), find = document.getElementById("find"), found = document.getElementById("found");
    const events = [];
    for await (const event of lines(`/api/v1/scriers/${id}/recording`)) events.push(event);
    const LONGEST_S = 3;
    let next = 0, isPlaying = false, timer = null;
    function wait() {
      const pace = Number(speed.value), before = Array.isArray(events[next - 1]) ? events[next - 1][0] : 0;
      return pace ? Math.min(LONGEST_S, Math.max(0, events[next][0] - before || 0)) / pace * 1000 : 0;
    }
    function step() {
      if (!isPlaying) return;
      do { if (next >= events.length) { stop(); tell("the end"); return; } show(events[next]); next += 1; } while (next < events.length && wait() < 1);
      if (next < events.length) timer = setTimeout(step, wait()); else { stop(); tell("the end"); }
    }
    function stop() { isPlaying = false; clearTimeout(timer); play.textContent = "Play"; }
    function begin() { isPlaying = true; play.textContent = "Pause"; tell(""); step(); }
    play.addEventListener("click", () => { if (isPlaying) stop(); else begin(); });
    again.addEventListener("click", () => { stop(); next = 0; terminal.reset(); begin(); });
    // Jumps to the moment at which the text has been shown; without the codes between the letters.
    find.addEventListener("change", () => {
      const wanted = find.value.toLowerCase();
      if (!wanted) { found.textContent = ""; return; }
      let text = "", at = -1;
      for (let place = 0; place < events.length; place += 1) {
        if (!Array.isArray(events[place]) || events[place][1] !== "o") continue;
        text = (text + events[place][2].replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "")).slice(-4096 - wanted.length);
        if (text.toLowerCase().includes(wanted)) { at = place; break; }
      }
      if (at < 0) { found.textContent = "not shown"; return; }
      stop(); terminal.reset();
      for (next = 0; next <= at; next += 1) show(events[next]);
      found.textContent = `after ${Math.round(events[at][0])} s`;
    });
    tell("");
  }

  if (place.dataset.mode === "type") attach();
  else if (place.dataset.over === "yes") replay();
  else watch();
})();
