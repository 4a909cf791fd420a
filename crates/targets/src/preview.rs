//! A folder, served on loopback the way a good web server would serve it.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

/// A folder that is being served until this is dropped.
#[derive(Debug)]
pub struct Preview {
    url: String,
    _stop: oneshot::Sender<()>,
}

impl Preview {
    /// Returns where it is served, such as `http://127.0.0.1:40123/docs/`; it ends with a slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Serves `folder` on a free port of 127.0.0.1, below `base_path`, such as `/` or `/docs/`.
///
/// A path ending in a slash is its `index.html`; what is not there is `404.html` with status 404. Text is sent as
/// UTF-8, compressed when the client takes brotli or gzip, and never to be used from a cache without asking. Nothing
/// outside the folder is served. The folder is resolved anew by each request, so it may be a link that moves.
///
/// # Errors
/// When no port can be opened.
pub async fn serve(folder: &Path, base_path: &str) -> io::Result<Preview> {
    let base: Arc<str> = match base_path.trim_matches('/') {
        "" => "/".into(),
        inner => format!("/{inner}/").into(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}{base}", listener.local_addr()?);
    let files = ServeDir::new(folder).not_found_service(ServeFile::new(folder.join("404.html")));
    let router = Router::new()
        .fallback_service(files)
        .layer(middleware::map_response(describe))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(base, below_base));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        // An error only says that the preview was dropped, which is how it is told to stop.
        let _ = stopped.await;
    });
    tokio::spawn(server.into_future());
    Ok(Preview { url, _stop: stop })
}

/// Takes the base path off the request and puts it back on redirects; elsewhere there is nothing.
async fn below_base(State(base): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let Some(rest) = asked.strip_prefix(&*base) else {
        let is_base = request.uri().path() == base.trim_end_matches('/');
        return if is_base {
            Redirect::temporary(&base).into_response()
        } else {
            StatusCode::NOT_FOUND.into_response()
        };
    };
    let Ok(inner) = format!("/{rest}").parse::<Uri>() else { return StatusCode::BAD_REQUEST.into_response() };
    *request.uri_mut() = inner;
    let mut response = next.run(request).await;
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Some(path) = location.and_then(|location| location.strip_prefix('/'))
        && let Ok(value) = HeaderValue::try_from(format!("{base}{path}"))
    {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Says that text is UTF-8, and that a copy of it may be stale.
async fn describe(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let described = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(with_charset);
    if let Some(value) = described.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    response
}

fn with_charset(content_type: &str) -> Option<String> {
    const TEXT: [&str; 4] = ["application/json", "application/manifest+json", "application/xml", "image/svg+xml"];
    match content_type {
        // The name of the type since RFC 9239, whatever the ending of the file.
        "application/javascript" => Some("text/javascript; charset=utf-8".to_owned()),
        text if TEXT.contains(&text) || (text.starts_with("text/") && !text.contains(';')) => {
            Some(format!("{text}; charset=utf-8"))
        }
        _ => None,
    }
}
