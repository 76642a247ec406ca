//! The members of an object: rejects duplicate keys, and sorts on demand.

use super::Order;
use super::refusal::Refusal;

/// The positions of the members of all open objects in the output.
#[derive(Default)]
pub(in crate::codec) struct Members(Vec<Member>);

/// The position of one key in quotes; its member ends where the next begins.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    end: usize,
}

impl Member {
    fn key<'a>(&self, out: &'a [u8]) -> &'a [u8] {
        &out[self.start + 1..self.end - 1]
    }
}

/// The number of keys up to which each is compared with each.
const FEW: usize = 8;

impl Members {
    /// Begins an object. Returns the index for `is_first` and `close`.
    pub(super) fn open(&mut self) -> usize {
        self.0.len()
    }

    pub(super) fn is_first(&self, first: usize) -> bool {
        self.0.len() == first
    }

    pub(super) fn add(&mut self, start: usize, end: usize) {
        self.0.push(Member { start, end });
    }

    /// Ends an object, before its brace is written.
    pub(super) fn close(&mut self, first: usize, out: &mut Vec<u8>, order: Order) -> Result<(), Refusal> {
        let members = &self.0[first..];
        if !members.is_sorted_by(|left, right| left.key(out) < right.key(out)) {
            if members.len() <= FEW && order == Order::AsGiven {
                unequal_among_few(members, out)?;
            } else {
                let sorted = sorted(members, out)?;
                if order == Order::Sorted {
                    reorder(&sorted, members[0].start, out);
                }
            }
        }
        self.0.truncate(first);
        Ok(())
    }
}

fn unequal_among_few(members: &[Member], out: &[u8]) -> Result<(), Refusal> {
    for (index, member) in members.iter().enumerate() {
        if members[..index].iter().any(|other| other.key(out) == member.key(out)) {
            return Err(stands_twice(member, out));
        }
    }
    Ok(())
}

/// Sorts the members by their keys, each with its end.
fn sorted(members: &[Member], out: &[u8]) -> Result<Vec<(Member, usize)>, Refusal> {
    let commas = members.iter().skip(1).map(|next| next.start - 1);
    let mut sorted = members.iter().copied().zip(commas.chain([out.len()])).collect::<Vec<_>>();
    sorted.sort_by(|(left, _), (right, _)| left.key(out).cmp(right.key(out)));
    match sorted.windows(2).find(|pair| pair[0].0.key(out) == pair[1].0.key(out)) {
        Some(pair) => Err(stands_twice(&pair[0].0, out)),
        None => Ok(sorted),
    }
}

/// Writes the members again in this order, from `begin` on.
fn reorder(sorted: &[(Member, usize)], begin: usize, out: &mut Vec<u8>) {
    let before = out.split_off(begin);
    for (index, (member, end)) in sorted.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&before[member.start - begin..end - begin]);
    }
}

fn stands_twice(member: &Member, out: &[u8]) -> Refusal {
    let key = String::from_utf8_lossy(&out[member.start..member.end]);
    Refusal::new(format!("the key {key} stands twice in one object"))
}
