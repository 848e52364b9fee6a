//! The page for auditors in a real browser, as wide as a telephone: it runs nothing, and nothing sticks out. The pictures
//! are kept in the target folder.
#![expect(clippy::expect_used, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::path::{Path, PathBuf};

use probe::{Report, Thresholds, html};
use support::{intent, run, run_with};
use testkit::browser::look_at;
use testkit::double::{Double, Effect, Flaw};
use testkit::raw::{Answer, Server};

/// A telephone.
const WIDTH: usize = 400;

/// What a target sends to get out of the page.
const HOSTILE: &str = "</pre></details><script>parent.document.title = 'out'</script>\
    <img src=x onerror=\"parent.document.title = 'out'\">\"onmouseover=\"parent.document.title = 'out'";

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("probe-page-{name}.png"))
}

fn is_readable(report: &Report, name: &str) {
    let page = html::render(report, &Thresholds::default());
    let looked = look_at(&page, WIDTH, &picture(name));
    assert_eq!((looked.title.as_str(), looked.active), ("looking", 0), "{looked:?}");
    assert_eq!(looked.width, WIDTH, "nothing sticks out: {looked:?}");
    assert!(looked.smallest >= 12.0 && looked.height > WIDTH, "{looked:?}");
    assert_eq!(png_width(&picture(name)), WIDTH);
}

/// The width in the header of a PNG.
fn png_width(file: &Path) -> usize {
    let bytes = std::fs::read(file).expect("the picture was written");
    let width = bytes.get(16..20).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    width.expect("a PNG has a header") as usize
}

#[test]
fn an_open_registry_on_a_telephone() {
    let flaws: Vec<Flaw> = Flaw::ALL.iter().copied().filter(|flaw| flaw.effect() == Effect::Fails).collect();
    let report = run(&Double::start(&flaws), None);
    assert!(html::render(&report, &Thresholds::default()).contains("<section class=\"critical\">"));
    is_readable(&report, "open");
}

#[test]
fn a_hostile_registry_on_a_telephone() {
    let server = Server::start(|request| {
        let status = if request.target == "/v2/" { 200 } else { 401 };
        let realm = format!("Basic realm=\"{}\"", HOSTILE.replace('"', "'"));
        let wide = "w".repeat(2_000);
        let headers = [("WWW-Authenticate", realm.as_str()), ("Server", HOSTILE), ("Link", &wide)];
        Answer::http(request, status, &headers, HOSTILE.as_bytes())
    });
    let report = run_with(&intent(&server.url(), true), &support::impatient());
    let page = html::render(&report, &Thresholds::default());
    assert!(page.contains("&lt;script&gt;parent.document.title") && page.contains("onerror=&quot;parent"), "{page}");
    is_readable(&report, "hostile");
}
