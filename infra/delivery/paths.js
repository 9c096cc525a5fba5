// Which photos a size is made of, as lib/sizes/paths.py decides it; part of the function only if a
// size is limited. A limited size's entry in SIZES has its `paths` and `except`, in the form of
// split_pattern.

// Returns the sizes that are made of the photo at a URI.
function offered(uri) {
  const path = decodeURIComponent(uri.slice(1)).split('/');
  const some = (patterns) => patterns.some((pattern) => fits(pattern.split('/'), path, '**'));
  return SIZES.filter((size) => size.length < 7 || (some(size[6]) && !some(size[7])));
}

// Returns whether a pattern matches all parts of a path, or all characters of a part.
function fits(pattern, items, wildcard) {
  const like = (own, item) => (wildcard === '*' ? own === item : fits(own, item, '*'));
  let at = 0;
  let last = -1;
  let retry = 0;
  for (let position = 0; position < items.length; ) {
    if (pattern[at] === wildcard) {
      last = at++;
      retry = position;
    } else if (at < pattern.length && like(pattern[at], items[position])) {
      at++;
      position++;
    } else if (last >= 0) {
      at = last + 1;
      position = ++retry;
    } else return false;
  }
  while (pattern[at] === wildcard) at++;
  return at === pattern.length;
}
