// The cart page.
import * as shop from "./shop.js";
import { find, element } from "./shop.js";

let chosen = 0;
let plan = "auto";
let waiting = null;

function refresh() {
  clearTimeout(waiting);
  waiting = setTimeout(update, 120);
}

function lines() {
  return shop
    .readCart()
    .map((line) => ({ ...line, product: shop.config.products.find((one) => one.id === line.id) }))
    .filter((line) => line.product);
}

// Services that can carry everything in the cart; the server's own choice when the articles share none.
function commonOptions(inCart) {
  const key = (option) => `${option.carrier}/${option.service}`;
  const [first, ...others] = inCart.map((line) => line.product.options);
  const common = first.filter((option) => others.every((list) => list.some((one) => key(one) === key(option))));
  return common.length ? common : [...new Map(inCart.flatMap((line) => line.product.options).map((o) => [key(o), o])).values()];
}

async function update() {
  const inCart = lines();
  find("result").hidden = find("choices").hidden = inCart.length === 0;
  find("empty").hidden = inCart.length > 0;
  if (!inCart.length) return;
  const options = commonOptions(inCart);
  const asked = { split: plan, options: options.length ? options : undefined, currency: inCart[0].product.currency };
  try {
    const items = inCart.map((line) => shop.itemOf(line.product, line.quantity));
    show(await shop.ask(shop.question(items, asked)), inCart);
  } catch (error) {
    shop.tellFailure(error);
  }
}

function show(answer, inCart) {
  chosen = Math.min(chosen, answer.options.length - 1);
  const tell = (number) => {
    chosen = number;
    const option = answer.options[number];
    shop.tellPromise(answer, option, refresh);
    shop.drawLikelihood(option);
    shop.tellReasons(option);
    tellParcels(option, inCart);
    tellAlternatives(option);
    tellRanking(option);
  };
  shop.offer(answer.options, chosen, tell);
  tell(chosen);
  shop.tellRecord(answer);
}

const nameOf = (id, inCart) => inCart.find((line) => line.id === id)?.product.name ?? id;

function tellParcels(option, inCart) {
  find("parcels").replaceChildren(
    ...option.parcels.map((parcel, number) =>
      element(
        "li",
        { class: "parcel" },
        element("h3", {}, shop.t("parcel", { n: number + 1 })),
        element("p", { class: "parcel-day" }, shop.longDay(parcel.promised)),
        element("p", {}, parcel.items.map((id) => nameOf(id, inCart)).join(", ")),
        element(
          "p",
          { class: "quiet" },
          shop.t("from", { origin: parcel.origin }),
          ` · ${shop.t("leaves")} ${shop.shortDay(parcel.dispatch_on)}`,
        ),
      ),
    ),
  );
  const order = option.order;
  find("first-by").textContent = shop.longDay(order.first_by.promised);
  find("all-by").textContent = shop.longDay(order.all_by.promised);
}

function tellAlternatives(option) {
  const rows = option.order.alternatives.map((other) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, shop.t(other.plan)),
      element("td", {}, `${other.parcels}`),
      element("td", {}, shop.shortDay(other.first_by), element("small", {}, shop.difference(other.first_by_days))),
      element("td", {}, shop.shortDay(other.all_by), element("small", {}, shop.difference(other.all_by_days))),
    ),
  );
  find("alternatives-box").hidden = rows.length === 0;
  find("alternatives").replaceChildren(...rows);
}

function tellRanking(option) {
  find("ranking").replaceChildren(
    ...option.origins.map((found) =>
      element(
        "tr",
        { class: found.chosen ? "chosen" : "" },
        element("th", { scope: "row" }, found.origin, found.chosen ? element("small", {}, shop.t("chosen")) : null),
        element("td", {}, found.distance_km === null ? "" : `${found.distance_km.toLocaleString(shop.regional())} km`),
        element("td", {}, shop.shortDay(found.dispatch_on)),
        element("td", {}, shop.shortDay(found.promised)),
      ),
    ),
  );
}

function makeLines() {
  const inCart = lines();
  find("lines").replaceChildren(...inCart.map(lineRow));
  const total = inCart.reduce((sum, line) => sum + line.quantity * line.product.price, 0);
  find("total").textContent = inCart.length ? shop.money(total, inCart[0].product.currency) : "";
  shop.showCartCount();
}

function lineRow(line) {
  const change = (quantity) => {
    const kept = shop.readCart().map((one) => (one.id === line.id ? { ...one, quantity } : one));
    shop.writeCart(kept.filter((one) => one.quantity > 0));
    makeLines();
    refresh();
  };
  const quantity = element("input", { type: "number", min: 1, max: 99, value: line.quantity, ariaLabel: `${shop.t("quantity")}: ${line.product.name}` });
  quantity.addEventListener("change", () => change(Math.min(Math.max(Math.round(quantity.valueAsNumber) || 1, 1), 99)));
  const remove = element("button", { type: "button", class: "chip" }, shop.t("remove"));
  remove.setAttribute("aria-label", `${shop.t("remove")}: ${line.product.name}`);
  remove.addEventListener("click", () => change(0));
  return element(
    "li",
    { class: "line" },
    element("img", { src: `/demo/static/art/${line.product.art}.svg`, alt: "", width: 64, height: 64 }),
    element("span", { class: "line-name" }, line.product.name),
    quantity,
    element("span", { class: "line-price" }, shop.money(line.quantity * line.product.price, line.product.currency)),
    remove,
  );
}

for (const radio of document.querySelectorAll("input[name=plan]")) {
  radio.addEventListener("change", () => {
    plan = radio.value;
    refresh();
  });
}
document.addEventListener("relabel", makeLines);

let opened = false;
await shop.open(() => {
  if (!opened) {
    opened = true;
    // Nothing chosen yet: show what a cart looks like.
    if (!shop.readCart().length) shop.writeCart(shop.config.products.slice(0, 4).map(({ id }) => ({ id, quantity: 1 })));
    makeLines();
  }
  refresh();
});
