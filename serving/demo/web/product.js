// The product page.
import * as shop from "./shop.js";
import { find, element } from "./shop.js";

let product = null;
let chosen = 0;
let waiting = null;

function refresh() {
  clearTimeout(waiting);
  waiting = setTimeout(update, 120);
}

async function update() {
  const asked = { options: product.options.length ? product.options : undefined, currency: product.currency };
  try {
    show(await shop.ask(shop.question([shop.itemOf(product)], asked)));
  } catch (error) {
    shop.tellFailure(error);
  }
}

function show(answer) {
  chosen = Math.min(chosen, answer.options.length - 1);
  const tell = (number) => {
    chosen = number;
    const option = answer.options[number];
    shop.tellPromise(answer, option, refresh);
    shop.drawLikelihood(option);
    shop.tellReasons(option);
  };
  shop.offer(answer.options, chosen, tell);
  tell(chosen);
  shop.tellRecord(answer);
}

function choose(next) {
  product = next;
  chosen = 0;
  find("name").textContent = product.name;
  find("price").textContent = shop.money(product.price, product.currency);
  find("picture").src = `/demo/static/art/${product.art}.svg`;
  for (const button of find("assortment").children) {
    button.setAttribute("aria-pressed", String(button.dataset.id === product.id));
  }
  document.title = `${product.name} · parcelcast`;
}

function makeAssortment() {
  find("assortment").replaceChildren(
    ...shop.config.products.map((one) => {
      const picture = element("img", { src: `/demo/static/art/${one.art}.svg`, alt: "", width: 56, height: 56 });
      const button = element("button", { type: "button", title: one.name, data: { id: one.id } }, picture, one.name);
      button.addEventListener("click", () => {
        choose(one);
        refresh();
      });
      return button;
    }),
  );
}

find("add").addEventListener("click", () => {
  const lines = shop.readCart();
  const line = lines.find((one) => one.id === product.id);
  if (line) line.quantity += 1;
  else lines.push({ id: product.id, quantity: 1 });
  shop.writeCart(lines);
  find("add").textContent = `✓ ${shop.t("added")}`;
  setTimeout(() => (find("add").textContent = shop.t("add")), 1500);
});

document.addEventListener("relabel", () => {
  if (product) find("price").textContent = shop.money(product.price, product.currency);
});

shop.showCartCount();
await shop.open(() => {
  if (!product) {
    makeAssortment();
    choose(shop.config.products[0]);
  }
  refresh();
});
