//! tmp
mod common;
use inkfold_engine::{Document, Record};
use inkfold_testkit::history::{DOCUMENT, Delivery, History, Plan, WORKSPACE};
use inkfold_testkit::model;
#[test]
fn debug() {
    let kind = std::env::var("PLAN").unwrap_or("blocks".into());
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(300);
    let mut best: Option<(usize, String)> = None;
    for seed in 0..seeds {
        let plan = match kind.as_str() {
            "text" => Plan::text_only(seed),
            "plain" => Plan::plain(seed),
            "mixed" => Plan::mixed(seed),
            "moves" => Plan::moves(seed),
            "cancels" => Plan::cancels(seed),
            "everything" => Plan::everything(seed),
            _ => Plan::blocks(seed),
        };
        let history = History::generate(&plan);
        for delivery in [Delivery::ALL[0], Delivery::ALL[1], Delivery::ALL[2]] {
            let mut given: Vec<Record> = Vec::new();
            let mut document = Document::new(WORKSPACE, DOCUMENT);
            'outer: for batch in history.deliver(delivery, seed) {
                for record in batch {
                    let absorbed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        document.absorb([record.clone()]);
                    }))
                    .is_ok();
                    given.push(record.clone());
                    let ok = absorbed
                        && std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| document.assert_invariants()))
                            .is_ok();
                    let (f, e) = (common::as_model(&document), model::fold(&given));
                    if f != e || !ok {
                        let n = given.len();
                        if best.as_ref().is_none_or(|b| b.0 > n) {
                            let mut out = format!("seed {seed} {delivery:?} ok {ok} same {}\n", f == e);
                            for r in &given {
                                out += &format!(
                                    "{:?} {:?} par {:?} {:?}\n",
                                    r.id(),
                                    r.replica(),
                                    r.all_parents().collect::<Vec<_>>(),
                                    r.events()
                                );
                            }
                            let show = |d: &model::Document| {
                                d.blocks
                                    .iter()
                                    .map(|b| {
                                        format!(
                                            "[{:?} {:?} {}]",
                                            b.marker.map(|m| (m.record, m.offset)),
                                            b.attributes,
                                            b.elements
                                                .iter()
                                                .map(|e| format!("{}{:?}", e.scalar, e.marks))
                                                .collect::<String>()
                                        )
                                    })
                                    .collect::<Vec<_>>()
                                    .join("\n")
                            };
                            out += &format!("engine\n{}\nmodel\n{}\n", show(&f), show(&e));
                            best = Some((n, out));
                        }
                        break 'outer;
                    }
                }
            }
        }
    }
    if let Some((_, out)) = best {
        println!("{out}");
        panic!();
    }
}
