//! A new key or another cipher seals what is there anew, while the window works; whatever was sealed opens meanwhile.

use kit::keys::{Cipher, Keys, Scheme};
use sea_orm::{ColumnTrait, Database, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};

use crate::hall::*;

/// What lies in the table, and what opens it.
struct Drawer {
    db: DatabaseConnection,
    cipher: Cipher,
}

impl Drawer {
    async fn of(hall: &Hall) -> Drawer {
        let keys = Keys::open(&hall.config.key_file()).expect("the keys").sealing(hall.config.cipher);
        let db = Database::connect(hall.config.database("intake")).await.expect("the database");
        Drawer { db, cipher: keys.cipher("personal") }
    }

    async fn rows(&self) -> Vec<intake::store::personal::Model> {
        let rows = intake::store::personal::Entity::find().order_by_asc(intake::store::personal::Column::Id);
        rows.all(&self.db).await.expect("the rows")
    }

    /// The marks of all rows, each of which opens to the applicant who was put there.
    async fn marks(&self) -> Vec<[u8; 2]> {
        let mut marks = Vec::new();
        for row in self.rows().await {
            let opened = self.cipher.open(&row.sealed, &format!("{}/{}", row.division, row.id)).expect("opens");
            assert!(String::from_utf8_lossy(&opened).contains(&applicant().display_name), "what was put there");
            marks.push(*row.sealed.first_chunk().expect("a mark"));
        }
        marks
    }

    async fn becomes(&self, mark: [u8; 2], rows: usize) {
        until(async || self.marks().await == vec![mark; rows]).await;
    }
}

#[tokio::test]
async fn a_new_key_seals_everything_anew_after_the_next_start() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        for _ in 0..40 {
            hall.window("A01").receives(FOOD).await;
        }
        let drawer = Drawer::of(&hall).await;
        assert_eq!(drawer.marks().await, [[1, 1]; 40]);
        let before = drawer.rows().await;
        assert_eq!(Keys::add(&hall.config.key_file()).expect("added"), 2);
        hall.window("A01").receives(FOOD).await;
        assert_eq!(Drawer::of(&hall).await.marks().await, [[1, 1]; 41], "what runs does not know the new key");

        // Killed while it is at it, and started again.
        let hall = hall.sleeps_until("2026-06-01T09:01").await.sleeps_until("2026-06-01T09:02").await;
        let drawer = Drawer::of(&hall).await;
        drawer.becomes([1, 2], 41).await;
        assert_eq!(drawer.rows().await[0].salt, before[0].salt, "the commitment still holds");
        hall.window("A01").receives(FOOD).await;
        drawer.becomes([1, 2], 42).await;
    })
    .await;
}

#[tokio::test]
async fn another_cipher_seals_everything_anew_and_back() {
    Hall::on_each_engine("2026-06-01T09:00", async |mut hall| {
        for _ in 0..3 {
            hall.window("A01").receives(FOOD).await;
        }
        for (scheme, mark, at) in
            [(Scheme::Sm4Gcm, [2, 1], "2026-06-01T09:01"), (Scheme::Aes256Gcm, [1, 1], "2026-06-01T09:02")]
        {
            hall.config.cipher = scheme;
            hall = hall.sleeps_until(at).await;
            Drawer::of(&hall).await.becomes(mark, 3).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_whose_key_is_missing_is_left_as_it_is_and_stops_no_other() {
    use intake::store::personal::{Column, Entity};
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        for _ in 0..3 {
            hall.window("A01").receives(FOOD).await;
        }
        let drawer = Drawer::of(&hall).await;
        let mut lost = drawer.rows().await.remove(1);
        lost.sealed[1] = 9;
        let update = Entity::update_many().col_expr(Column::Sealed, lost.sealed.clone().into());
        update.filter(Column::Id.eq(&lost.id)).exec(&drawer.db).await.expect("spoilt");
        Keys::add(&hall.config.key_file()).expect("added");
        let hall = hall.sleeps_until("2026-06-01T09:01").await;
        let marks = async || -> Vec<u8> { drawer.rows().await.iter().map(|row| row.sealed[1]).collect() };
        until(async || marks().await == [2, 9, 2]).await;
        assert_eq!(drawer.rows().await[1], lost);
        // Where the key comes back, the next start finds it.
        lost.sealed[1] = 1;
        let update = Entity::update_many().col_expr(Column::Sealed, lost.sealed.clone().into());
        update.filter(Column::Id.eq(&lost.id)).exec(&drawer.db).await.expect("mended");
        let hall = hall.sleeps_until("2026-06-01T09:02").await;
        Drawer::of(&hall).await.becomes([1, 2], 3).await;
    })
    .await;
}
