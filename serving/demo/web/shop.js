// What both pages share: the server's catalogue, the shopper's settings, the question, and how an answer looks.
import { LANGUAGES, words, countOfDays } from "./words.js";

const MINUTE = 60_000;

export const state = {
  language: localStorage.getItem("language") ?? firstSpoken(navigator.languages),
  country: localStorage.getItem("country"),
  postalCode: localStorage.getItem("postal_code"),
  pretendAt: null, // a Date, or null for the present
  pretendedSince: 0, // performance.now() when the pretence began
};

export let config = null;
export let t = words(state.language);

function firstSpoken(wanted) {
  return (wanted ?? []).map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? "en";
}

export function element(tag, properties = {}, ...children) {
  const { class: classes, data, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(data ?? {})) made.dataset[name] = value;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const find = (id) => document.getElementById(id);

export async function open(refresh) {
  config = await (await fetch("/demo/config.json")).json();
  if (config.pretend_at) pretend(new Date(config.pretend_at));
  if (!config.countries.includes(state.country)) {
    state.country = config.towns[0].country;
    state.postalCode = config.towns[0].postal_code;
  }
  makeHeader(refresh);
  makeDestination(refresh);
  makeTime(refresh);
  relabel();
  refresh();
}

// ---- language ----

function makeHeader(refresh) {
  const select = find("language");
  for (const [tag, name] of Object.entries(LANGUAGES)) select.append(new Option(name, tag));
  select.value = state.language;
  select.addEventListener("change", () => {
    state.language = select.value;
    localStorage.setItem("language", state.language);
    t = words(state.language);
    relabel();
    refresh();
  });
}

export function relabel() {
  document.documentElement.lang = state.language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  find("simulated").hidden = !config.simulated;
  const stale = find("stale");
  stale.hidden = !config.pretend_at;
  if (config.pretend_at) stale.textContent = t("stale", { date: longDay(config.pretend_at.slice(0, 10)) });
  for (const option of find("country").options) option.text = countryName(option.value);
  document.dispatchEvent(new Event("relabel"));
}

// ---- destination ----

function makeDestination(refresh) {
  const country = find("country");
  const code = find("postal-code");
  for (const land of config.countries) country.append(new Option(countryName(land), land));
  country.value = state.country;
  code.value = state.postalCode;
  suggestTowns();
  country.addEventListener("change", () => {
    state.country = country.value;
    const town = config.towns.find((one) => one.country === country.value);
    code.value = state.postalCode = town?.postal_code ?? "";
    suggestTowns();
    remember(refresh);
  });
  code.addEventListener("input", () => {
    state.postalCode = code.value;
    remember(refresh);
  });
}

function suggestTowns() {
  const chips = config.towns
    .filter((town) => town.country === state.country)
    .map((town) =>
      element("button", { type: "button", class: "chip", data: { code: town.postal_code } }, town.name),
    );
  const holder = find("towns");
  holder.replaceChildren(...chips);
  holder.onclick = (event) => {
    const code = event.target.dataset?.code;
    if (!code) return;
    find("postal-code").value = code;
    find("postal-code").dispatchEvent(new Event("input"));
  };
}

function remember(refresh) {
  localStorage.setItem("country", state.country);
  localStorage.setItem("postal_code", state.postalCode);
  refresh();
}

function countryName(code) {
  return new Intl.DisplayNames([state.language], { type: "region" }).of(code);
}

// ---- time ----

export function now() {
  return state.pretendAt
    ? new Date(state.pretendAt.getTime() + performance.now() - state.pretendedSince)
    : new Date();
}

function pretend(date) {
  state.pretendAt = date;
  state.pretendedSince = performance.now();
}

function makeTime(refresh) {
  const at = find("pretend-at");
  const minutes = find("time-of-day");
  const show = () => {
    const local = now();
    at.value = new Date(local.getTime() - local.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
    minutes.value = local.getHours() * 60 + local.getMinutes();
    showTimeOfDay(minutes);
    find("is-now").setAttribute("aria-pressed", String(!state.pretendAt));
  };
  const set = (date) => {
    pretend(date);
    show();
    refresh();
  };
  at.addEventListener("change", () => at.value && set(new Date(at.value)));
  minutes.addEventListener("input", () => {
    const date = now();
    date.setHours(Math.floor(minutes.value / 60), minutes.value % 60, 0, 0);
    set(date);
  });
  find("is-now").addEventListener("click", () => set(null));
  find("before-cutoff").addEventListener("click", () => lastOrderBy && set(new Date(lastOrderBy - 10 * MINUTE)));
  find("after-cutoff").addEventListener("click", () => lastOrderBy && set(new Date(lastOrderBy.getTime() + MINUTE)));
  find("sunday").addEventListener("click", () => {
    const date = now();
    date.setDate(date.getDate() + ((7 - date.getDay()) % 7));
    date.setHours(10, 0, 0, 0);
    set(date);
  });
  find("christmas").addEventListener("click", () => {
    const date = now();
    date.setMonth(11, 23);
    date.setHours(10, 0, 0, 0);
    set(date);
  });
  show();
}

function showTimeOfDay(minutes) {
  const hour = String(Math.floor(minutes.value / 60)).padStart(2, "0");
  find("time-shown").textContent = `${hour}:${String(minutes.value % 60).padStart(2, "0")}`;
}

// ---- asking ----

let lastOrderBy = null;
let running = null;

export function question(items, more = {}) {
  const asked = {
    destination: { country: state.country, postal_code: (state.postalCode ?? "").slice(0, 16) },
    items,
    locale: regional(),
    ...more,
  };
  if (state.pretendAt) asked.ordered_at = now().toISOString();
  return asked;
}

// The shopper's language with the browser's region, else the destination's: de-AT in Vienna. English dates are written
// the European way unless the browser says otherwise.
export function regional() {
  const wished = navigator.languages?.find((tag) => tag.startsWith(`${state.language}-`));
  return wished ?? (state.language === "en" ? "en-GB" : `${state.language}-${state.country}`);
}

export async function ask(asked) {
  running?.abort();
  running = new AbortController();
  const response = await fetch("/v1/promises", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${config.key}` },
    body: JSON.stringify(asked),
    signal: running.signal,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.errors?.[0]?.detail ?? answer.detail);
  return answer;
}

// ---- telling ----

export const ofDay = (text) => new Date(`${text}T12:00:00`);

export function longDay(text) {
  if (!text) return t("no_date");
  return ofDay(text).toLocaleDateString(regional(), { weekday: "long", day: "numeric", month: "long" });
}

export function shortDay(text) {
  if (!text) return t("no_date");
  return ofDay(text).toLocaleDateString(regional(), { weekday: "short", day: "numeric", month: "short" });
}

export function money(value, currency) {
  return value.toLocaleString(regional(), { style: "currency", currency });
}

export function share(probability) {
  const shown = Math.floor(probability * 1000) / 1000; // never promise more than there is
  return shown.toLocaleString(regional(), { style: "percent", maximumFractionDigits: shown > 0.99 ? 1 : 0 });
}

export function optionName(option) {
  const tidy = (text) => text.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
  return [option.carrier, option.service].filter(Boolean).map(tidy).join(" · ") || t("unnamed");
}

export function basis(option) {
  const parcels = Math.round(option.evidence.parcels).toLocaleString(regional());
  return t(`basis_${option.basis}`, { n: parcels });
}

let ticking = null;

// Fill the promise: its sentence with a living countdown, its certainty, and what it rests on.
export function tellPromise(answer, option, refresh) {
  clearInterval(ticking);
  lastOrderBy = new Date(option.order_by);
  const holder = find("promise");
  if (!option.countdown_text) {
    holder.replaceChildren(element("p", { class: "headline" }, option.text));
    return;
  }
  const [before, after] = option.countdown_text.split("{countdown}");
  // The seconds that pass are not news to a screen reader.
  const countdown = element("span", { class: "countdown", role: "timer", ariaLive: "off" });
  holder.replaceChildren(
    element("p", { class: "headline" }, before, countdown, after),
    element(
      "p",
      { class: "certainty" },
      t("holds", { share: share(option.confidence) }),
      " · ",
      t("likely", { date: longDay(option.likely) }),
    ),
    element("p", { class: "evidence" }, basis(option), " · ", cutoffText(option, answer)),
  );
  const tick = () => {
    const left = lastOrderBy - now();
    countdown.textContent = duration(Math.max(left, 0));
    if (left <= 0) {
      clearInterval(ticking);
      refresh();
    }
  };
  ticking = setInterval(tick, 1000);
  tick();
}

function cutoffText(option, answer) {
  const time = new Date(option.order_by).toLocaleTimeString(regional(), {
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: answer.destination.time_zone,
  });
  return t("order_by", { time });
}

function duration(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${countOfDays(state.language, days)} ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min`;
  return `${Math.floor(milliseconds / 1000)} s`;
}

// One bar per day: the probability that everything has come on that very day.
export function drawLikelihood(option) {
  const { anchor, cdf } = option.distribution;
  const last = Math.min(lastShown(cdf), 20);
  const first = Math.min(cdf.findIndex((value) => value > 0.002), 6);
  const start = Math.max(Math.min(first, last - 6) - 1, 0);
  const days = [];
  for (let k = start; k <= last; k += 1) {
    days.push({ day: plusDays(anchor, k), chance: cdf[k] - (cdf[k - 1] ?? 0), by: cdf[k] });
  }
  const highest = Math.max(...days.map((one) => one.chance), 0.01);
  find("likelihood").replaceChildren(...days.map((one) => bar(one, highest, option.promised)));
}

function bar(one, highest, promised) {
  const place = one.day < promised ? "before" : one.day === promised ? "promised" : "after";
  const fill = element("span", { class: "fill" });
  fill.style.setProperty("--height", `${Math.max((one.chance / highest) * 100, 0.8)}%`);
  const date = ofDay(one.day);
  const spoken = `${longDay(one.day)}: ${share(one.chance)}`;
  return element(
    "li",
    { class: `bar ${place}`, title: `${spoken} (≤ ${share(one.by)})` },
    element("span", { class: "chance" }, one.chance >= 0.03 ? share(one.chance) : ""),
    element("span", { class: "column" }, fill),
    element("span", { class: "weekday" }, date.toLocaleDateString(regional(), { weekday: "short" })),
    element("span", { class: "date" }, String(date.getDate())),
    place === "promised" ? element("span", { class: "mark" }, t("promised_day")) : null,
  );
}

function lastShown(cdf) {
  const end = cdf.findIndex((value) => value >= 0.985);
  return end < 0 ? cdf.length - 1 : end;
}

function plusDays(text, days) {
  const date = ofDay(text);
  date.setDate(date.getDate() + days);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

// The reasons as one line of days, and as words.
export function tellReasons(option) {
  const shown = option.reasons.filter((reason) => reason.days > 0);
  find("reason-bar").replaceChildren(
    ...shown.map((reason) => {
      const part = element("span", { class: `part ${reason.kind}` }, String(reason.days));
      part.style.setProperty("--days", reason.days);
      return part;
    }),
  );
  find("reasons").replaceChildren(
    ...shown.map((reason) => element("li", { class: reason.kind }, reason.text)),
  );
}

export function tellRecord(answer) {
  const notes = answer.notes.map((note) => element("li", {}, note.detail));
  find("notes").replaceChildren(...notes);
  find("record").replaceChildren(`${t("record")} `, element("code", {}, answer.promise_id), ` · ${answer.model.version}`);
}

export function difference(days) {
  if (days === null || days === 0) return t("same");
  const count = countOfDays(state.language, Math.abs(days));
  return days > 0 ? t("later", { days: count }) : t("earlier", { days: count });
}

export function tellFailure(error) {
  if (error.name === "AbortError") return;
  find("promise").replaceChildren(
    element("p", { class: "headline" }, t("failed")),
    element("p", { class: "certainty" }, error.message),
  );
}

// Radio buttons for the options of an answer, each with its own day.
export function offer(options, chosen, choose) {
  const holder = find("options");
  holder.replaceChildren(
    ...options.map((option, number) => {
      const id = `option-${number}`;
      const radio = element("input", { type: "radio", name: "option", id, checked: number === chosen });
      radio.addEventListener("change", () => choose(number));
      return element(
        "div",
        { class: "option" },
        radio,
        element(
          "label",
          { htmlFor: id },
          element("span", { class: "option-name" }, optionName(option)),
          element("span", { class: "option-day" }, shortDay(option.promised)),
        ),
      );
    }),
  );
}

// ---- the cart in the browser ----

export function readCart() {
  try {
    return JSON.parse(localStorage.getItem("cart")) ?? [];
  } catch {
    return [];
  }
}

export function writeCart(lines) {
  localStorage.setItem("cart", JSON.stringify(lines));
  showCartCount();
}

export function showCartCount() {
  const count = readCart().reduce((sum, line) => sum + line.quantity, 0);
  find("cart-count").textContent = count ? String(count) : "";
}

export function itemOf(product, quantity = 1) {
  const item = {
    id: product.id,
    quantity,
    weight_g: product.weight_g,
    category: product.category,
    value: product.price,
    origins: product.origins,
  };
  if (product.handling_days !== null) item.handling_days = product.handling_days;
  return item;
}
