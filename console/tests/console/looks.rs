//! What pages look like in numbers: nothing overflows on a phone or at 200 %, and text has the contrast of WCAG AA.

use crate::browser::Browser;
use crate::client::Served;
use crate::filled::Filled;
use crate::in_browser::all_pages;
use crate::pages::folder;
use serde_json::json;

/// Returns the texts whose contrast is too low, with their contrast.
const CONTRAST: &str = r#"
const luminance = (color) => {
  const [r, g, b] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const over = (color, ground) => {
  canvas.fillStyle = `rgb(${ground.join(" ")})`;
  canvas.fillRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const ground = (element) => {
  const above = element.parentElement ? ground(element.parentElement) : [255, 255, 255];
  return over(getComputedStyle(element).backgroundColor, above);
};
const poor = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const [text, element] = [walker.currentNode.nodeValue.trim(), walker.currentNode.parentElement];
  const style = getComputedStyle(element);
  if (!text || !element.checkVisibility({ visibilityProperty: true })) continue;
  const behind = ground(element);
  const color = element.closest("svg") ? style.fill : style.color;
  if (color === "none" || element.tagName === "title") continue;
  const [one, other] = [luminance(over(color, behind)), luminance(behind)].sort((a, b) => b - a);
  const contrast = (one + 0.05) / (other + 0.05);
  const isLarge = parseFloat(style.fontSize) >= 24;
  if (contrast < (isLarge ? 3 : 4.5)) poor.push(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`);
}
return poor;
"#;

/// Adds the zooms at which the page is wider than the window, and what a screen reader has no name for.
const REST: &str = r#"
const root = document.scrollingElement;
const wide = [];
for (const zoom of ZOOMS) {
  document.documentElement.style.zoom = zoom;
  if (root.scrollWidth > root.clientWidth) wide.push(zoom);
}
const named = (e) => e.textContent.trim() || e.labels?.length || e.getAttribute("aria-label");
const nameless = [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")]
  .filter((e) => e.checkVisibility() && !named(e))
  .map((e) => e.outerHTML);
return [poor, wide, nameless];
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_readable_light_dark_narrow_and_large() {
    let filled = Filled::file(folder()).await;
    filled.long("long-1", 100).await;
    let console = Served::all(&filled).await;
    let dark = "--blink-settings=preferredColorScheme=0";
    for (scheme, width, phone) in [("light", 1_280_u32, None), ("dark", 390, Some(390))] {
        let size = format!("--window-size={width},900");
        let more = if scheme == "dark" { vec![size.as_str(), dark] } else { vec![size.as_str()] };
        let Some(browser) = Browser::with(&console, &more, phone).await else { return };
        let is_dark = browser.script("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(is_dark, scheme == "dark");
        assert_eq!(browser.script("return innerWidth").await, width);
        // 1280 pixels at 200 % are as many as 640; a narrow phone has 320.
        let zooms = if width > 1_000 { [1.0, 2.0] } else { [1.0, f64::from(width) / 320.0] };
        let check = format!("const poor = (() => {{{CONTRAST}}})();{REST}").replace("ZOOMS", &format!("{zooms:?}"));
        for page in all_pages() {
            browser.goto(&page).await;
            assert_eq!(browser.script(&check).await, json!([[], [], []]), "{scheme}, {width} pixels: {page}");
        }
        browser.close().await;
    }
}
