//! Rules of duty as rows.

use crate::domain::rules::Book;

kit::table!(Book, "duty_rules", |book| book.division, Book::ID, book.version);
