// The photo that a text means: its path, or a URL from an address bar, a page's HTML or a log.

const SIGNED = '_signed';

/** Returns a photo's path: the text itself, or what a URL of the stage has after the size's folder. */
export function pathOf(text, { images, api, sizes }) {
  const given = text.trim();
  const isFolder = (part) => sizes.some(({ name }) => part === name || part.startsWith(`${name}.`));
  const url = urlOf(given, images, (part) => isFolder(part) || part === SIGNED);
  if (!url) return given.replace(/^\/+/, '');
  const status = `${api}/uploads`;
  if (url.href.startsWith(status)) {
    return url.searchParams.get('path') ?? decode(url.href.slice(status.length + 1).split(/[?#]/)[0]);
  }
  const base = new URL(`${images}/`).pathname;
  const below = url.pathname.slice(url.pathname.startsWith(base) ? base.length : 1);
  const parts = below.split('/');
  // Options and signature follow the path.
  if (parts[0] === SIGNED && parts.length > 3) return decode(parts.slice(1, -2).join('/'));
  return decode(isFolder(parts[0]) && parts.length > 1 ? parts.slice(1).join('/') : below);
}

/** Returns the URL that a text is: whole, without a scheme, or from the CDN's root. */
function urlOf(text, images, isFolder) {
  const { host, protocol } = new URL(images);
  if (/^https?:\/\//i.test(text)) return parse(text);
  if (text.startsWith(`${host}/`)) return parse(`${protocol}//${text}`);
  return text.startsWith('/') && isFolder(text.split('/')[1]) ? parse(images + text) : null;
}

const parse = (text) => (URL.canParse(text) ? new URL(text) : null);

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
