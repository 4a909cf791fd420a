//! What a preview answers.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use charter_targets::preview;
use tempfile::TempDir;

fn site() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    fs::create_dir_all(site.join("sub")).unwrap();
    let long = "x".repeat(4000);
    for (path, text) in [
        ("index.html", "front"),
        ("sub/index.html", "sub"),
        ("404.html", "lost"),
        ("a.js", long.as_str()),
        ("a.css", ""),
        ("a.svg", ""),
        ("a.json", ""),
        ("a.wasm", ""),
        ("a.webmanifest", ""),
        ("a.woff2", ""),
        ("a.avif", ""),
        ("a.mjs", ""),
        ("a.xml", ""),
        ("a.txt", ""),
        ("with space.txt", "spaced"),
    ] {
        fs::write(site.join(path), text).unwrap();
    }
    fs::write(folder.path().join("secret"), "secret").unwrap();
    folder
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn get(url: String) -> reqwest::Response {
    client().get(url).send().await.unwrap()
}

/// Sends a request target as it is, where a client would tidy it up; returns the status line and all the rest.
async fn raw(url: &str, target: &str) -> String {
    let address = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    });
    answer.await.unwrap()
}

#[tokio::test]
async fn files_have_the_types_that_browsers_expect() {
    let folder = site();
    let preview = preview::serve(&folder.path().join("site"), "/").await.unwrap();
    for (path, expected) in [
        ("", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.xml", "text/xml; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.webmanifest", "application/manifest+json; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("a.woff2", "font/woff2"),
        ("a.avif", "image/avif"),
    ] {
        let response = get(format!("{}{path}", preview.url())).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], expected, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-cache");
    }
}

#[tokio::test]
async fn the_base_path_is_where_the_site_is_and_nowhere_else() {
    let folder = site();
    for base in ["/docs/v2/", "docs/v2"] {
        let preview = preview::serve(&folder.path().join("site"), base).await.unwrap();
        let url = preview.url();
        assert!(url.ends_with("/docs/v2/"), "{url}");
        let root = url.trim_end_matches("docs/v2/");
        assert_eq!(get(url.to_owned()).await.text().await.unwrap(), "front");
        assert_eq!(get(format!("{url}sub/?a=b")).await.text().await.unwrap(), "sub");
        assert_eq!(get(format!("{url}with%20space.txt")).await.text().await.unwrap(), "spaced");
        assert_eq!(get(root.to_owned()).await.status(), 404);
        assert_eq!(get(format!("{root}docs/v2x")).await.status(), 404);
        let redirect = get(format!("{url}sub")).await;
        assert_eq!(redirect.headers()["location"], "/docs/v2/sub/");
        assert_eq!(get(format!("{root}docs/v2")).await.headers()["location"], "/docs/v2/");
    }
}

#[tokio::test]
async fn what_is_not_there_is_the_sites_own_page_with_status_404() {
    let folder = site();
    let preview = preview::serve(&folder.path().join("site"), "/docs/").await.unwrap();
    let response = get(format!("{}none", preview.url())).await;
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (404, "lost"));
    fs::remove_file(folder.path().join("site/404.html")).unwrap();
    assert_eq!(get(format!("{}none", preview.url())).await.status(), 404);
}

#[tokio::test]
async fn text_is_compressed_for_those_who_take_it() {
    let folder = site();
    let preview = preview::serve(&folder.path().join("site"), "/").await.unwrap();
    for encoding in ["br", "gzip"] {
        let request = client().get(format!("{}a.js", preview.url())).header("accept-encoding", encoding);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], encoding);
        assert!(response.bytes().await.unwrap().len() < 400);
    }
    let plain = get(format!("{}a.js", preview.url())).await;
    assert!(!plain.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let folder = site();
    for base in ["/", "/docs/"] {
        let preview = preview::serve(&folder.path().join("site"), base).await.unwrap();
        for path in ["../secret", "%2e%2e/secret", "..%2fsecret", "sub/../../secret", "/etc/passwd", "%2fetc%2fpasswd"]
        {
            let answer = raw(preview.url(), &format!("{base}{path}")).await;
            assert!(!answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
            assert!(!answer.contains("secret") && !answer.contains("root:"), "{path}: {answer}");
        }
        // A redirect to a place with two slashes in front would lead to another server.
        let answer = raw(preview.url(), &format!("{base}/example.org/..%2f")).await;
        assert!(!answer.to_lowercase().contains("location: //"), "{answer}");
    }
}

#[tokio::test]
async fn a_link_that_moves_is_followed_by_the_next_request() {
    let folder = site();
    let link = folder.path().join("current");
    let preview = preview::serve(&link, "/").await.unwrap();
    assert_eq!(get(preview.url().to_owned()).await.status(), 404);
    charter_host::durable::point_link(&link, Path::new("site")).unwrap();
    assert_eq!(get(preview.url().to_owned()).await.text().await.unwrap(), "front");
    charter_host::durable::point_link(&link, Path::new("site/sub")).unwrap();
    assert_eq!(get(preview.url().to_owned()).await.text().await.unwrap(), "sub");
}

#[tokio::test]
async fn a_dropped_preview_stops() {
    let folder = site();
    let preview = preview::serve(&folder.path().join("site"), "/").await.unwrap();
    let url = preview.url().to_owned();
    let client = client();
    assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), "front");
    drop(preview);
    // The server is told to stop; it does so when it is next scheduled.
    while client.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
