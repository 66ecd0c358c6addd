//! A hostile client that writes its frames by hand. While it is at work an honest caller must hardly notice: none of its
//! calls fails, its p99 stays within twice the quiet one, and the program's memory within 64 MiB.

mod attacks;
mod door;
mod honest;
#[path = "../house/mod.rs"]
mod house;
mod line;
mod machine;
mod pace;
mod trial;
mod wire;

use std::time::Duration;

use trial::{withstand, withstand_all};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_as_soon_as_they_are_opened_harm_nobody_else() {
    withstand(&attacks::RAPID_RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_make_the_server_reset_its_own_streams_harm_nobody_else() {
    withstand(&attacks::SERVER_RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_that_goes_on_and_on_harms_nobody_else() {
    withstand(&attacks::CONTINUATION).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_with_nothing_in_them_harm_nobody_else() {
    withstand(&attacks::EMPTY_DATA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_without_end_harm_nobody_else() {
    withstand(&attacks::PING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_change_without_end_harm_nobody_else() {
    withstand(&attacks::SETTINGS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_unfold_to_megabytes_harm_nobody_else() {
    withstand(&attacks::HEADER_BOMB).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_ask_for_much_and_do_not_take_it_harm_nobody_else() {
    withstand(&attacks::SLOW_READ).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_come_and_say_nothing_are_shown_out_and_harm_nobody_else() {
    withstand(&attacks::SLOW_HANDSHAKE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_number_harm_nobody_else() {
    withstand(&attacks::CONNECTIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_stands_when_all_attacks_come_one_after_another() {
    withstand_all(&attacks::ALL, Duration::from_millis(700)).await;
}
