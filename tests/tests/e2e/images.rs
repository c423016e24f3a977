//! Images from one window to another.

use std::fs;
use std::path::PathBuf;

use inkfold_tests::{App, pictures, wait_until};
use serde_json::{Value, json};

use crate::people::{Pair, press_until};

/// Draws a picture and pastes it as a PNG file, as the clipboard gives it to the page.
const PASTE: &str = "const canvas = document.createElement('canvas');
    canvas.width = 480;
    canvas.height = 320;
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#7aa6c8';
    pen.fillRect(0, 0, 480, 320);
    pen.fillStyle = '#f4efe4';
    pen.fillRect(120, 150, 240, 120);
    pen.fillStyle = '#8c3b2e';
    pen.beginPath();
    pen.moveTo(90, 150);
    pen.lineTo(240, 60);
    pen.lineTo(390, 150);
    pen.fill();
    const bytes = Uint8Array.from(atob(canvas.toDataURL('image/png').split(',')[1]), c => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'hut.png', { type: 'image/png' }));
    const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector('.ProseMirror').dispatchEvent(event);";

/// The width of the image that the page shows, in pixels of its own; 0 while it isn't loaded.
fn shown_width(app: &App) -> u64 {
    let script = "return document.querySelector('[data-testid=image-shown]')?.naturalWidth ?? 0";
    app.script(script, &[]).as_u64().unwrap_or_default()
}

fn state(app: &App) -> Option<String> {
    app.attribute("image", "data-state")
}

fn blobs(pair: &Pair) -> Vec<PathBuf> {
    let entries = fs::read_dir(pair.folder().join("inkfold-data/blobs")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "inb")).collect()
}

#[test]
fn what_is_pasted_in_one_window_is_seen_in_the_other() {
    let pair = Pair::begin("The hut", "It stands above the valley.");
    pair.anna.script(PASTE, &[]);
    wait_until("Anna is to see her image", || (shown_width(&pair.anna) == 480).then_some(()));
    wait_until("Ben is to see Anna's image", || (shown_width(&pair.ben) == 480).then_some(()));
    pair.anna.type_keys("The hut in spring");
    pair.agree();
    wait_until("the words and the image are to be in the folder", || {
        (pair.anna.whereabouts().as_deref() == Some("inTheFolder")).then_some(())
    });
    for (name, app) in [("anna", &pair.anna), ("ben", &pair.ben)] {
        app.screenshot(&pictures().join(format!("image-{name}.png")));
    }

    // What the folder loses, Anna's window publishes again.
    let [file] = <[PathBuf; 1]>::try_from(blobs(&pair)).expect("one image is one file");
    fs::remove_file(&file).expect("the file goes");
    wait_until("the file is to be there again", || file.exists().then_some(()));

    // Undo takes the image away in both windows, and redo gives it back.
    const TEXT: &str = "It stands above the valley.";
    press_until(&pair.anna, 'z', &[TEXT, ""]);
    press_until(&pair.anna, 'z', &[TEXT]);
    wait_until("the image is to go", || state(&pair.ben).is_none().then_some(()));
    press_until(&pair.anna, 'y', &[TEXT, ""]);
    wait_until("the image is to come back", || (shown_width(&pair.ben) == 480).then_some(()));
    pair.agree();
    pair.close();
}

#[test]
fn an_image_that_has_not_arrived_keeps_its_place() {
    let pair = Pair::begin("The hut", "It stands above the valley.");
    // An image whose file never came to this folder.
    let name = format!("{}q", "a".repeat(51));
    let marker =
        json!({ "kind": "image", "blob": name, "name": "hut.png", "size": 120_000, "width": 480, "height": 320 });
    let html = format!("<figure data-pm-slice='0 0 []' data-inkfold-marker='{marker}'>The hut in autumn</figure>");
    let paste = "const data = new DataTransfer();
        data.setData('text/html', arguments[0]);
        const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
        document.querySelector('.ProseMirror').dispatchEvent(event);";
    pair.anna.script(paste, &[html.into()]);
    for app in [&pair.anna, &pair.ben] {
        wait_until("the image is to be missed", || (state(app).as_deref() == Some("absent")).then_some(()));
        assert_eq!(shown_width(app), 0);
        let height = app.script(
            "const box = document.querySelector('.media-picture').getBoundingClientRect();
             return Math.round(box.width * 320 / box.height)",
            &[],
        );
        assert_eq!(height, Value::from(480), "its place has the image's shape");
    }
    pair.ben.click("media-again");
    wait_until("it is to be looked for again", || (state(&pair.ben).as_deref() == Some("absent")).then_some(()));
    for (name, width, theme) in [("wide-light", 1200, "theme-light"), ("narrow-dark", 480, "theme-dark")] {
        pair.ben.resize(width, 800);
        pair.ben.click("theme-menu");
        pair.ben.click(theme);
        pair.ben.breathe();
        pair.ben.screenshot(&pictures().join(format!("image-absent-{name}.png")));
    }
    pair.close();
}

#[test]
fn the_page_shows_only_images_of_the_workspace() {
    let pair = Pair::begin("The hut", "It stands above the valley.");
    pair.anna.script(PASTE, &[]);
    wait_until("Anna is to see her image", || (shown_width(&pair.anna) == 480).then_some(()));
    let load = "const done = arguments[1], image = new Image();
        image.onload = () => done(image.naturalWidth);
        image.onerror = () => done(0);
        image.src = arguments[0];";
    let shown = pair.anna.script("return document.querySelector('[data-testid=image-shown]').src", &[]);
    let width = |address: &str| pair.anna.async_script(load, &[address.into()]);
    assert_eq!(width(shown.as_str().expect("an address")), 480);
    for address in [
        "inkfold-image://localhost/../../../../etc/hostname",
        "inkfold-image://localhost/",
        "file:///usr/share/pixmaps/debian-logo.png",
        "https://localhost/image.png",
    ] {
        assert_eq!(width(address), 0, "{address}");
    }
    pair.close();
}
