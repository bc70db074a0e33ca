// Every limit of the protocol, with its unit in its name.
// Knows numbers; never knows who enforces them.

/** Channel names, event types: characters. */
export const MAX_NAME_CHARS = 64;
/** `text` of an event, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 8 * 1024;
/** `data` of an event, bytes of its JSON. */
export const MAX_DATA_BYTES = 32 * 1024;
/** `data` of an event, nested arrays and objects. */
export const MAX_DATA_LEVELS = 16;
/** `data` of an event, values in all its arrays and objects. */
export const MAX_DATA_ITEMS = 10_000;
/** `actor.name`, characters. */
export const MAX_ACTOR_NAME_CHARS = 80;
/** `actor.id`, `actor.color`, characters. */
export const MAX_ACTOR_ID_CHARS = 128;
/** `url`, `actor.image`, characters. */
export const MAX_URL_CHARS = 2048;
/** A token, characters. */
export const MAX_TOKEN_CHARS = 4096;
/** Idempotency key, printable ASCII characters. */
export const MAX_KEY_CHARS = 64;
/** One event as JSON, and one WebSocket message from a client, bytes. */
export const MAX_EVENT_BYTES = 64 * 1024;
/** One HTTP request body, bytes. */
export const MAX_BATCH_BYTES = 1024 * 1024;
/** All HTTP request bodies in flight, bytes. */
export const MAX_BODIES_BYTES = 64 * 1024 * 1024;
/** A body has this time, and as much more as its bytes take at the minimum rate, milliseconds. */
export const BODY_GRACE_MS = 10_000;
export const MIN_BODY_BYTES_PER_S = 16 * 1024;
/** Events in one HTTP request. */
export const MAX_BATCH_EVENTS = 5000;
/** Events in one page of history unless asked otherwise, and at the most. */
export const DEFAULT_PAGE_EVENTS = 50;
export const MAX_PAGE_EVENTS = 1000;
/** Bytes of events in one page or one frame of history, at about. */
export const MAX_PAGE_BYTES = 256 * 1024;
/** What one request looks through, events and bytes at about: beyond it, its page is what was found, and `next` goes on. */
export const MAX_LOOKED_EVENTS = 5000;
export const MAX_LOOKED_BYTES = 4 * 1024 * 1024;
/** What one commit gathers, bytes of events, at about: one storage operation, one frame. So much comes out of it for each viewer. */
export const MAX_COMMIT_BYTES = 64 * 1024;
/** The same where all viewers can inflate, and less than the above comes out of it. */
export const MAX_DEFLATED_COMMIT_BYTES = 256 * 1024;
/** What is committed while the frame before is still being sent, together with what not all have had of that, bytes at about: more is deflated, once for all. */
export const MAX_JOINED_BYTES = 1024;
/** Viewers that are sent a frame before the engine gets its turn. */
export const SLICE_VIEWERS = 100;
/** Entries that a channel keeps unless the settings say otherwise. */
export const DEFAULT_KEPT_ENTRIES = 10_000;
/** Idempotency keys that a channel remembers, at the least. */
export const KEPT_KEYS = 10_000;
/** Change entries that a channel keeps for those who were away for a while; events stand as they are without them. */
export const KEPT_CHANGES = 5000;
/** A reaction's sign, bytes of UTF-8; different ones on one event; and reactions of one person on a channel. */
export const MAX_REACTION_BYTES = 32;
export const MAX_EVENT_REACTIONS = 20;
export const MAX_PERSON_REACTIONS = 4000;
/** Earlier texts of an event that are kept. */
export const KEPT_VERSIONS = 100;
/** The key that makes an unproven publisher the author of his events, printable ASCII characters. */
export const MIN_AUTHOR_CHARS = 16;
export const MAX_AUTHOR_CHARS = 64;
/** People whose names presence tells, and those of who came and went since it told last. */
export const MAX_PEOPLE = 20;
export const MAX_MOVES = 10;
/** Presence is told this often at the most; and who is present is heard of this often at the least, or is gone a while later; milliseconds. */
export const PRESENCE_INTERVAL_MS = 1000;
export const PRESENCE_PING_MS = 12_000;
export const PRESENCE_TIMEOUT_MS = 26_000;
/** A type filter in a hello, bytes of its types with a space between; a longer one is the viewer's own work. */
export const MAX_FILTER_BYTES = 256;
/** Distinct type filters that a channel evaluates for its viewers. */
export const MAX_FILTERS = 16;
/** A socket that has not said hello by then is closed, milliseconds. */
export const HELLO_TIMEOUT_MS = 10_000;
/** What a viewer is sent and has not confirmed, bytes: beyond it no live frames, and it is fed from the log as it confirms. */
export const WINDOW_BYTES = 512 * 1024;
/** A viewer confirms at the latest after so many bytes. */
export const SEEN_BYTES = 128 * 1024;
/** The same for a socket that keeps asking: beyond it not even answers are sent, and it is closed; bytes. */
export const MAX_BACKLOG_BYTES = 1024 * 1024;
/** The same of all viewers together, closed sockets included: then windows shrink, and no more viewers are taken; bytes. */
export const MAX_OUTSTANDING_BYTES = 64 * 1024 * 1024;
/** A viewer whose window is full and who confirms nothing for this long is closed, milliseconds. */
export const STALL_TIMEOUT_MS = 30_000;
/** Drafts that wait for the next commits, bytes; more are refused for now. */
export const MAX_QUEUE_BYTES = 16 * 1024 * 1024;
/** Those who are cut off come back spread over this long for each viewer, and within these bounds; milliseconds. */
export const RETURN_MS_PER_VIEWER = 7;
export const MIN_RETURN_MS = 1000;
export const MAX_RETURN_MS = 15_000;
/** Longest that a request waits for news (`wait`), seconds. */
export const MAX_WAIT_SECONDS = 30;
/** A client's silence before it pings, and a stream's before a comment, milliseconds. */
export const PING_INTERVAL_MS = 25_000;
/** Who has heard nothing for so long is told that the relay is there as soon as anybody asks, milliseconds; less than any silence before a ping. */
export const HEARTBEAT_MS = 15_000;
/** Characters of a request's URL that the relay takes. */
export const MAX_REQUEST_URL_CHARS = 512;
/** A close reason, bytes (RFC 6455, 5.5). */
export const MAX_CLOSE_REASON_BYTES = 123;

/** A ping that asks for nothing but a sign of life, and its answer. An engine may give it without waking the channel. */
export const BARE_PING = '{"type":"ping"}';
export const BARE_PONG = '{"type":"pong"}';
