/** The overview: the live profile of this machine, over server-sent events. */

import { ask } from "./answers.js";
import { html } from "./dom.js";
import { RecordForm } from "./record.js";
import { slotClass, slotsOf } from "./slots.js";
import { StripChart } from "./stripchart.js";
import { bytes, count, percent } from "./wording.js";

const SYMBOLS = 12;
const WORDS = {
  recording: "live",
  starting: "starting",
  stopped: "stopped",
  failed: "failed",
  absent: "not recording",
};

const GLANCES = {
  running: ["state-good", "running"],
  starting: ["state-warn", "starting"],
  failed: ["state-bad", "problem"],
  absent: ["state-idle", "not running"],
  ready: ["state-good", "ready"],
  empty: ["state-idle", "empty"],
};

for (const form of document.querySelectorAll("[data-record]")) new RecordForm(form);
const root = document.querySelector("[data-live]");
if (root) start(root);
else awaitRecording();

/** @param {HTMLElement} root */
async function start(root) {
  const now = await ask("/api/now").catch(() => null);
  const strip = new StripChart(root.querySelector("[data-strip]"), now?.history ?? []);
  let slots = slotsOf(root);
  const events = new EventSource("/api/live");
  events.addEventListener("live", (event) => {
    const live = JSON.parse(event.data);
    slots = live.slots ?? slots;
    say(live.state, WORDS[live.state]);
    explain(live.reason);
    glance(live.parts);
    readouts(root, live);
    if (live.moment) strip.add(live.moment, slots);
    rows(root, "domains", live.domains, 1, slots);
    rows(root, "processes", live.processes, scaleOf(live.processes), slots);
    rows(root, "symbols", live.symbols.slice(0, SYMBOLS), scaleOf(live.symbols), slots);
  });
  events.addEventListener("error", () => {
    const over = events.readyState === EventSource.CLOSED;
    say("lost", over ? "connection lost; reload the page" : "connection lost, trying again");
  });
}

/** Says why nothing is recorded, or nothing. @param {string | null} reason */
function explain(reason) {
  const notice = document.querySelector("[data-live-reason]");
  notice.hidden = !reason;
  notice.textContent = reason ?? "";
}

/** A sentence in which `words between backquotes` are code, as the templates have it. */
function sentence(text) {
  return text.split("`").map((part, place) => (place % 2 ? html("code", {}, part) : part));
}

/** What is said of each part. */
function glance(parts) {
  for (const { name, state, figure, note, href } of parts) {
    const box = document.querySelector(`[data-glance="${name}"]`);
    const field = (field) => box.querySelector(`[data-field=${field}]`);
    const [tone, word] = GLANCES[state];
    field("state").className = `state ${tone}`;
    field("state").textContent = word;
    field("figure").textContent = figure;
    field("note").replaceChildren(...sentence(note));
    field("href").href = href;
  }
}

/** A page without a live profile becomes one with it when the recording starts. */
function awaitRecording() {
  const events = new EventSource("/api/live");
  events.addEventListener("live", (event) => {
    const { state, parts } = JSON.parse(event.data);
    glance(parts);
    if (state === "absent") return;
    events.close();
    location.reload();
  });
}

function say(state, word) {
  const element = document.querySelector("[data-live-state]");
  element.dataset.liveState = state;
  element.querySelector("[data-live-word]").textContent = word;
}

function scaleOf(list) {
  return list.reduce((most, { cpu }) => Math.max(most, cpu), 0);
}

function readouts(root, live) {
  const set = (name, value, note) => {
    const readout = root.querySelector(`[data-readout="${name}"]`);
    readout.querySelector("[data-field=value]").textContent = value;
    if (note !== undefined) readout.querySelector("[data-field=note]").textContent = note;
    return readout;
  };
  set("busy", percent(live.busy));
  set("idle", live.idle === null ? "–" : percent(live.idle));
  set("event", live.event ?? "–");
  set("rate", live.frequency_hz ? `${live.frequency_hz} Hz` : "–");
  set("samples", count(live.samples), `in ${live.window_s} s`);
  set("lost", count(live.lost)).classList.toggle("tone-bad", live.lost > 0);
  const { recorder } = live;
  set(
    "recorder",
    recorder ? percent(recorder.cpu, 2) : "–",
    recorder ? `of one CPU, ${bytes(recorder.memory_bytes)}` : "",
  );
}

/** Fills a table from its row template. */
function rows(root, name, list, scale, slots) {
  const body = root.querySelector(`[data-rows="${name}"]`);
  const template = root.querySelector(`[data-template="${name}"]`);
  const fresh = list.map((row) => {
    const element = template.content.firstElementChild.cloneNode(true);
    const domain = row.domain ?? row.name;
    const put = (field, text) => {
      const target = element.querySelector(`[data-field="${field}"]`);
      if (target) target.textContent = text;
    };
    put("domain", domain);
    put("name", row.symbol ?? row.process ?? row.name);
    put("aside", row.symbol ? `${row.module} · ${row.process}` : row.pid);
    put("cpu", percent(row.cpu));
    put("share", percent(row.share));
    const measure = name === "domains" ? row.share : row.cpu;
    element
      .querySelector("[data-field=bar]")
      .setAttribute("width", `${scale ? ((100 * measure) / scale).toFixed(2) : 0}%`);
    for (const mark of element.querySelectorAll(".swatch"))
      mark.setAttribute("class", `swatch ${slotClass(slots, domain)}`);
    for (const mark of element.querySelectorAll(".bar"))
      mark.setAttribute("class", `bar ${slotClass(slots, domain)}`);
    return element;
  });
  if (fresh.length) body.replaceChildren(...fresh);
}
