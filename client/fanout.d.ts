/** State of a photo at one size. */
export interface SizeStatus {
  state: 'ready' | 'pending' | 'failed' | 'gone';
  variants: Variant[];
  /** Why it failed: `reason` for programs, `error` for people. */
  reason: string | null;
  error: string | null;
  /** Why the stored variants are stale; null if they are current, or if there are none. */
  stale: 'original' | 'recipe' | 'put_options' | null;
}

/** A stored variant; `pixels` is like `400x300`. */
export interface Variant {
  url: string;
  content_type: string;
  bytes: number;
  pixels: string;
  modified: string;
}

/** What `GET /uploads/{path}` returns. */
export interface PhotoStatus {
  path: string;
  original: { content_type: string; bytes: number; etag: string; modified: string } | null;
  sizes: Record<string, SizeStatus>;
  fetch: { state: 'pending' | 'failed'; reason: string | null; error: string | null } | null;
}

/** An upload ticket; `variants` has the future URL of the photo at each size. */
export interface Ticket {
  path: string;
  key: string;
  url: string;
  fields: Record<string, string>;
  expires_at: string;
  variants: Record<string, string>;
}

/** What rejections are, unless the call was aborted. `status` is absent if the connection was lost. */
export interface FanoutError extends Error {
  status?: number;
  /** The problem's type, such as `path_taken`; absent for errors of API Gateway and S3. */
  type?: string;
  /** Seconds of Retry-After. */
  after?: number;
}

export interface UploadOptions {
  /** The photo's path; without one it gets its file's name in a new folder. */
  path?: string;
  /** Allows a path that is taken. */
  overwrite?: boolean;
  /** Called with the share that is sent, 0 to 1. Node calls it at the end only. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

export interface UploadAllOptions {
  path?: (file: File) => string;
  overwrite?: boolean;
  onProgress?: (file: File, share: number) => void;
  /** Called for each file that is uploaded, or not: then it has an `error`. */
  onUploaded?: (result: Uploaded) => void;
  signal?: AbortSignal;
}

/** One file of `uploadAll`: its ticket if it has one, and its error if it was not uploaded. */
export interface Uploaded extends Partial<Ticket> {
  file: File;
  error?: FanoutError;
}

export interface WaitOptions {
  /** Called for each status that is read while the photo is waited for. */
  onStatus?: (status: PhotoStatus) => void;
  signal?: AbortSignal;
}

export interface Client {
  /** Sends a request of the API; retries it after 429, 5xx and lost connections. */
  call(method: string, path: string, json?: unknown, signal?: AbortSignal): Promise<any>;
  /** Uploads a file and resolves with its ticket, whose `path` is the photo's. */
  upload(file: File, options?: UploadOptions): Promise<Ticket>;
  /** Uploads files, four at a time, with a request for tickets for each hundred. */
  uploadAll(files: Iterable<File> & { length: number }, options?: UploadAllOptions): Promise<Uploaded[]>;
  /**
   * Resolves with the photo's status when no size is pending: look at each size's `state`. All calls
   * share one poll, with one request for up to a hundred photos.
   */
  whenReady(path: string, options?: WaitOptions): Promise<PhotoStatus>;
}

/**
 * Returns the client of a stage; `api` is its ApiUrl. With `signed`, the URLs of variants are signed
 * for so many seconds, as a stage with `viewers: signed` needs.
 */
export function createClient(stage: { api: string; token: string; signed?: number }): Client;

export interface PictureOptions {
  /** Sizes that show the same part of the photo; by default all of them. */
  names?: string[];
  alt?: string;
  /** The `sizes` attribute. */
  layout?: string;
}

/** Returns the HTML of a `<picture>` with the variants that are ready; '' if there are none. */
export function pictureFor(status: PhotoStatus, options?: PictureOptions): string;
