//! A real browser without a window, which looks at pages of ours.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::home::Home;

/// What stands around a page: a frame of exactly that width, since windows have a least one, and a script that measures
/// from outside. The page itself may run none.
const AROUND: &str = r#"<!DOCTYPE html><meta charset="utf-8"><title>looking</title><style>body { margin: 0 }</style>
<iframe style="border: 0; width: WIDTHpx; height: HEIGHTpx" srcdoc="PAGE"></iframe>
<script>addEventListener('load', () => {
    const page = document.querySelector('iframe').contentDocument;
    const texts = [...page.body.querySelectorAll('*')].map(element => parseFloat(getComputedStyle(element).fontSize));
    document.body.dataset.looked = JSON.stringify({
        title: document.title,
        width: page.documentElement.scrollWidth,
        height: page.documentElement.scrollHeight,
        smallest: Math.min(...texts),
        active: page.querySelectorAll('script, img, iframe, object, embed, link, base, form, [onerror], [onmouseover]').length,
    });
})</script>"#;

/// The tallest picture, in pixels.
const MAX_HEIGHT: usize = 12_000;

/// What a page looks like.
#[derive(Clone, Debug, Deserialize)]
pub struct Looked {
    /// The title around it: `looking`, unless the page reached out of its frame.
    pub title: String,
    /// How wide it is, in pixels: more than the frame where something sticks out.
    pub width: usize,
    /// How tall it is.
    pub height: usize,
    /// The smallest letters, in pixels.
    pub smallest: f64,
    /// Elements that run or load something.
    pub active: usize,
}

/// Looks at a page in a frame of so many pixels, and keeps a picture of it.
pub fn look_at(page: &str, width: usize, picture: &Path) -> Looked {
    let home = Home::new();
    let looked = measure(&home, page, width, 1_000);
    let height = looked.height.min(MAX_HEIGHT);
    measure(&home, page, width, height);
    let size = format!("--window-size={width},{height}");
    let shot = format!("--screenshot={}", picture.display());
    chromium(&home, &[&size, &shot]);
    looked
}

fn measure(home: &Home, page: &str, width: usize, height: usize) -> Looked {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let around = AROUND.replace("WIDTH", &width.to_string()).replace("HEIGHT", &height.to_string());
    fs::write(home.path("around.html"), around.replace("PAGE", &page)).expect("a page is written");
    let dom = chromium(home, &["--dump-dom"]);
    let looked = dom.split("data-looked=\"").nth(1).and_then(|rest| rest.split('"').next());
    let looked = looked.unwrap_or_else(|| panic!("nothing was measured: {dom}")).replace("&quot;", "\"");
    serde_json::from_str(&looked).unwrap_or_else(|error| panic!("{error}: {looked}"))
}

fn chromium(home: &Home, words: &[&str]) -> String {
    let profile = format!("--user-data-dir={}", home.argument("profile"));
    let url = format!("file://{}", home.argument("around.html"));
    let quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", &profile];
    home.run("chromium", &[&quiet, words, &[&url]].concat(), "").ok().stdout
}
