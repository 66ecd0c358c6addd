mod county;
mod days;
mod dice;
mod open;
mod plan;
mod script;
