//! Suggestions: «did you mean».

/// Returns the help for an unknown word: the nearest known one if it is near, and all of them.
pub(crate) fn help(word: &str, known: &[&str]) -> String {
    let list = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let nearest = known.iter().map(|known| (distance(word, known), known)).min();
    match nearest {
        Some((distance, nearest)) if distance <= word.len().max(nearest.len()) / 3 + 1 && distance < nearest.len() => {
            let others = if known.len() > 1 { format!(" There are: {list}") } else { String::new() };
            format!("did you mean `{nearest}`?{others}")
        }
        _ => format!("there are: {list}"),
    }
}

/// Returns the edit distance: how many letters must be inserted, removed or changed.
fn distance(left: &str, right: &str) -> usize {
    let right = right.chars().collect::<Vec<_>>();
    let mut row = (0..=right.len()).collect::<Vec<_>>();
    for (i, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
