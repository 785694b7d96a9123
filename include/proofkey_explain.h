/*
 * Explain: the true cause of a failed login, proved where it can be proved.
 *
 *     pk_capture_read()  what a developer has at hand -> a capture: what was sent and answered, byte for byte
 *     pk_explain()       a capture and the dialects   -> a report: findings with their evidence, what was checked, what could
 *                                                        not be seen
 *     pk_report_text()   the report for a person;  pk_report_json() for a program
 *
 * Like all of libproofkey this does no I/O and keeps no state. The conventions are those of proofkey.h.
 */
#ifndef PROOFKEY_EXPLAIN_H
#define PROOFKEY_EXPLAIN_H

#include "proofkey.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The fault list: src/explain/faults.def ---- */

struct pk_fault {
	const char *id;        /* "challenge-not-hex" */
	const char *blame;     /* whose move it is: client, provider, user, browser, gateway */
	const char *reference; /* "RFC 7636 4.6", or "" */
	const char *title;     /* what went wrong, one sentence */
	const char *fix;       /* what to do, one sentence */
	const char *proof;     /* how it is known, one sentence */
};

const struct pk_fault *pk_fault_find(struct pk_str id); /* or NULL */
const struct pk_fault *pk_fault_at(size_t index);       /* in the list's order; NULL past its end */

/* ---- A capture ---- */

#define PK_EVENTS_MAX 512               /* more are refused */
#define PK_CAPTURE_TEXT_MAX (64u << 20) /* bytes of a capture's text, a HAR's for example */

/* Memory for reading a capture of PK_CAPTURE_TEXT_MAX: what concerns a login is kept, the rest is passed over. */
#define PK_ARENA_CAPTURE (8u << 20)

struct pk_header {
	struct pk_str name;
	struct pk_str value;
};

/* One half of an exchange, as it was on the wire. What was not captured is "not given". */
struct pk_message {
	bool present;
	struct pk_str method; /* requests */
	struct pk_str url;    /* requests: as sent, still encoded */
	int status;           /* replies; 0: unknown, or there was none */
	const struct pk_header *header;
	size_t header_count;
	struct pk_str body;
};

enum pk_event_kind {
	PK_EVENT_AUTHORIZE, /* the browser goes to the provider; the reply is the provider's first one */
	PK_EVENT_CALLBACK, /* it comes back to the client */
	PK_EVENT_TOKEN,    /* token, refresh and revocation requests */
	PK_EVENT_OTHER, /* kept where it bears on a login: a preflight, a redirect before a token request, user info */
};

struct pk_event {
	enum pk_event_kind kind;
	double at; /* seconds since the epoch; negative: unknown */
	double took; /* seconds until the reply was there, or nobody waited for it any more; 0 or less: unknown */
	struct pk_message request;
	struct pk_message reply;
};

struct pk_capture {
	struct pk_str provider;       /* the dialect's name, or "not given" */
	const struct pk_event *event; /* in the order of time, as far as it is known */
	size_t count;
	struct pk_str stored_verifier; /* what the client says that it stored */
	struct pk_str stored_state;
	struct pk_str stored_redirect_uri;
	int64_t stored_expires_at; /* of the access token; PK_TIME_UNKNOWN */
};

/*
 * Reads what there is: capture JSON, a HAR (1.2), curl command lines (bash or Windows quoting), raw HTTP messages, a URL, the body of
 * an error; told apart by content. Bytes are kept as they were sent. Malformed input is refused with its place in `why->detail` (and
 * `why->line`), never half read.
 */
PK_MUST_USE enum pk_err pk_capture_read(struct pk_arena *arena, struct pk_str text,
					struct pk_capture *ret, struct pk_why *why);

/* Adds to a capture what came apart from it: `text` is a URL, a curl command, a raw request or reply, a JSON body. `kind` says what it
 * is; PK_EVENT_TOKEN takes a request or, if there is one already without a reply, a reply. */
PK_MUST_USE enum pk_err pk_capture_add(struct pk_arena *arena, struct pk_capture *capture,
				       enum pk_event_kind kind, struct pk_str text,
				       struct pk_why *why);

/* ---- The report ---- */

enum pk_confidence {
	PK_PROVED,   /* follows from the captured bytes alone */
	PK_LIKELY,   /* the bytes allow it, and the provider's text or the timing points at it */
	PK_POSSIBLE, /* nothing contradicts it */
};

#define PK_EVIDENCE_MAX 4
#define PK_FINDINGS_MAX 16
#define PK_CHECKED_MAX 160
#define PK_NOT_VISIBLE_MAX 12

struct pk_evidence {
	int event;             /* index into the capture, -1 where it is none of it */
	const char *parameter; /* "code_challenge" */
	struct pk_str got;
	struct pk_str want; /* "not given" where nothing can be said */
	bool secret;        /* shown as its first four characters, its length and a short hash */
};

struct pk_finding {
	const struct pk_fault *fault;
	enum pk_confidence confidence;
	struct pk_str detail; /* one sentence on this very case, or "not given" */
	struct pk_evidence evidence[PK_EVIDENCE_MAX];
	size_t evidence_count;
};

struct pk_report {
	const struct pk_capture *capture;
	const struct pk_dialect
		*dialect; /* the one that was found or named; NULL when it is unknown */
	struct pk_finding finding[PK_FINDINGS_MAX]; /* the best first; the first is the verdict */
	size_t finding_count;
	const char *checked[PK_CHECKED_MAX]; /* the faults that were looked for and are not there */
	size_t checked_count;
	const char *not_visible
		[PK_NOT_VISIBLE_MAX]; /* "callback", "token request", "token reply" ... */
	size_t not_visible_count;
	bool pair_is_right; /* verifier and challenge are both there and belong together */
};

/* `dialects` are those that may be meant: the capture's `provider` names one, or hosts and paths find it. The report's texts are views
 * into the capture and the arena. */
PK_MUST_USE enum pk_err pk_explain(struct pk_arena *arena, const struct pk_capture *capture,
				   const struct pk_dialect *const *dialects, size_t dialect_count,
				   struct pk_report *ret, struct pk_why *why);

/* Writes it for a person: a headline, the evidence with the differing characters marked under each other, the fix, what was not
 * visible; or for a program, as `proofkey explain --json` prints it. Secrets are shortened unless `show_secrets`. */
#define PK_REPORT_MAX (4u << 20) /* no report is longer; long values are cut */

void pk_report_text(const struct pk_report *report, bool show_secrets, struct pk_buf *out);
void pk_report_json(const struct pk_report *report, bool show_secrets, struct pk_buf *out);

/* ---- The pair ---- */

/* What turns a verifier into a challenge. The words of `proofkey pkce verify` are those of pk_transform_name(). */
enum pk_transform {
	PK_TRANSFORM_NONE,      /* nothing known */
	PK_TRANSFORM_BASE64URL, /* the right one by RFC 7636 */
	PK_TRANSFORM_HEX,
	PK_TRANSFORM_BASE64URL_OF_HEX,
	PK_TRANSFORM_BASE64, /* the standard alphabet, padded or not, also with the + read as a space */
	PK_TRANSFORM_BASE64URL_PADDED,
	PK_TRANSFORM_PLAIN,
	PK_TRANSFORM_RAW_BYTES, /* the bytes that the verifier encodes were hashed, not its characters */
	PK_TRANSFORM_DOUBLE,
	PK_TRANSFORM_SHA1,
	PK_TRANSFORM_SHA512,
	PK_TRANSFORM_MD5,
	PK_TRANSFORM_UTF16,
	PK_TRANSFORM_WHITESPACE,
	PK_TRANSFORM_PERCENT,
	PK_TRANSFORM_QUOTES, /* beyond the words of `pkce verify`, which reports these as none */
	PK_TRANSFORM_TRUNCATED,
	PK_TRANSFORM_TEXT, /* the digest was taken for text, or for a list of numbers, before it was written */
	PK_TRANSFORM__COUNT
};

/* A relation: what happened to the verifier before it was hashed, how it was hashed, how the digest was written. A right pair is
 * {NONE, NONE, BASE64URL}, or HEX where the dialect wants that. */
struct pk_relation {
	bool found;
	enum pk_transform
		verifier; /* NONE, RAW_BYTES, UTF16, WHITESPACE, PERCENT, QUOTES, TRUNCATED */
	enum pk_transform
		challenge; /* what stuck to the challenge: NONE, WHITESPACE, QUOTES, PERCENT */
	enum pk_transform
		hash; /* NONE is SHA-256; DOUBLE, SHA1, SHA512, MD5, TEXT, PLAIN (not hashed) */
	enum pk_transform
		encoding; /* BASE64URL, HEX, BASE64URL_OF_HEX, BASE64, BASE64URL_PADDED; NONE: as it is */
	bool upper_case; /* hex in upper case */
};

/* Looks for the relation, simplest first. Both texts are as they were sent, decoded once. */
struct pk_relation pk_relate(struct pk_str verifier, struct pk_str challenge);

/* The one word for a relation: its oddest part. */
const char *pk_relation_name(const struct pk_relation *relation);

#ifdef __cplusplus
}
#endif

#endif
