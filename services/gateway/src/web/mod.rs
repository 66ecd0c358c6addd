pub fn pages(_books: crate::books::Books, _keys: kit::keys::Keys) -> axum::Router { axum::Router::new() }
