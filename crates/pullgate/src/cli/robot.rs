//! Robots: names with keys.

use clap::{Args, Subcommand};
use policy::PrincipalName;

use super::{Formatted, Reach, one_line};
use crate::config::Period;

/// What is to be done with a robot.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RobotVerb {
    /// create a robot and print its key, which is shown once
    Create(Box<Create>),
    /// list the robots
    List {
        #[command(flatten)]
        formatted: Formatted,
    },
    /// show a robot with its keys and grants
    Show {
        /// the name of the robot
        name: PrincipalName,
        #[command(flatten)]
        formatted: Formatted,
    },
    /// make a further key and print it; of two live keys the older is revoked
    Rotate {
        /// the name of the robot
        name: PrincipalName,
        /// how long the key lives, such as 1h [default: 90d, if the configuration allows as much]
        #[arg(long, value_name = "DURATION")]
        ttl: Option<Period>,
        #[command(flatten)]
        formatted: Formatted,
    },
    /// let a disabled robot in again
    Enable {
        /// the name of the robot
        name: PrincipalName,
    },
    /// refuse a robot until it is enabled; its keys are kept
    Disable {
        /// the name of the robot
        name: PrincipalName,
    },
    /// revoke a robot and forget it; a robot of the same name will be another one
    Delete {
        /// the name of the robot
        name: PrincipalName,
    },
}

/// `robot create`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Create {
    /// up to 64 of a-z, 0-9, `.`, `_` and `-`, the first a letter or digit
    pub(crate) name: PrincipalName,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// how long the key lives, such as 1h [default: 90d, if the configuration allows as much]
    #[arg(long, value_name = "DURATION")]
    pub(crate) ttl: Option<Period>,
    /// who answers for it
    #[arg(long, value_name = "TEAM", value_parser = one_line)]
    pub(crate) owner: Option<String>,
    /// what it is for
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    pub(crate) purpose: Option<String>,
    /// succeed, without a key, if it exists already
    #[arg(long)]
    pub(crate) if_absent: bool,
    #[command(flatten)]
    pub(crate) formatted: Formatted,
}
