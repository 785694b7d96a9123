/*
 * What the readers of captures share: the events under construction, how something is refused with
 * its place, and what a request is to a login. A capture is hostile input: bounded, and refused
 * rather than half read.
 */
#ifndef EXPLAIN_CAPTURE_H
#define EXPLAIN_CAPTURE_H

#include "proofkey_explain.h"

#include <jansson.h>

#define CAPTURE_HEADERS_MAX 100   /* of one message */
#define CAPTURE_MESSAGES_MAX 4096 /* exchanges in a text, those that are passed over too */
#define CAPTURE_PAGE_MAX 32768    /* of a reply that is no token reply, what is kept */

/* ---- Events under construction ---- */

struct making {
	struct pk_arena *arena;
	struct pk_str text; /* all of it: lines are counted from its start */
	bool kind_is_known; /* the caller says what the text is: any reply body is taken */
	struct pk_event *event;
	size_t count, space;
	struct pk_why *why;
};

/* Adds an event as it is; its texts must live as long as the capture. */
enum pk_err making_add(struct making *making, const struct pk_event *event);

/* Gives a reply to the last event, if that is a request without one, else adds it alone. */
enum pk_err making_reply(struct making *making, const struct pk_message *reply);

/* The last event, if it is a request without a reply, else NULL. */
const struct pk_event *making_open(const struct making *making);

/* Refuses with the line that `at`, a place in the text, is in. No byte of the text may be quoted:
 * it may be a secret. */
enum pk_err making_refuse(const struct making *making, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Copies the headers, but not their texts, which must live as long as the capture. */
enum pk_err making_keep_headers(struct making *making, struct pk_message *message);

/* A copy of what points into memory that goes away; replies are cut to `body_max`. */
enum pk_err making_copy(struct making *making, struct pk_message *message, size_t body_max);

enum pk_err making_joined(struct making *making, struct pk_str a, struct pk_str b, struct pk_str c,
			  struct pk_str *ret);

/* ---- What a request is to a login: classify.c ---- */

/* False for a request that has nothing to do with a login, as far as it shows by itself. */
bool request_kind(const struct pk_message *request, enum pk_event_kind *ret);

/* Whether code or error stand in the query or form body: a callback without its state, or anything
 * else. */
bool request_may_return(const struct pk_message *request);

/* Whether the parameter stands in a query or form, under its name as it is. */
bool form_has(struct pk_str form, const char *name);
struct pk_str form_raw(struct pk_str form, const char *name); /* or "not given" */

struct pk_str url_query(struct pk_str url); /* or "not given" */
struct pk_str url_without_query(struct pk_str url);
struct pk_str message_header(const struct pk_message *message, const char *name);
bool message_has_header(const struct pk_message *message, const char *name);

/* ---- What the requests of a login say about others: clue.c ---- */

struct clue {
	struct pk_str url;
	struct pk_str location;  /* where its reply redirects to, or "not given" */
	struct pk_str return_to; /* the redirect URI, decoded, or "not given" */
	enum pk_event_kind kind;
};

struct clues {
	struct clue *clue; /* PK_EVENTS_MAX */
	size_t count;
};

/* Notes an event that request_kind() knew, as a copy. */
enum pk_err clues_note(struct making *making, struct clues *clues, const struct pk_event *event);

/* What an event is, all in all; false: it is passed over. Where only a redirect is of interest, the
 * bodies are dropped: they are somebody's password as often as not. */
bool clues_kind(const struct clues *clues, struct pk_event *event);

/* Whether an event of a login redirected to that URL. */
bool clues_lead_to(const struct clues *clues, struct pk_str url);

/* Keeps of the events made so far those that bear on a login, each with its kind. `lenient` takes a
 * code without a state for a callback. */
enum pk_err making_sift(struct making *making, bool lenient);

/* ---- Documents ---- */

enum pk_err har_read(struct making *making);
enum pk_err capture_json_read(struct making *making, const json_t *root, struct pk_capture *ret);

/* Seconds since the epoch of an ISO 8601 date and time; without a zone it is taken for UTC. */
bool iso_time(struct pk_str text, double *ret);

/* ---- Texts: each reader says whether it knows what a text starts with, and cuts that off ---- */

bool curl_starts(struct pk_str rest);
enum pk_err curl_read(struct making *making, struct pk_str *rest);

bool raw_starts(struct pk_str rest);
enum pk_err raw_read(struct making *making, struct pk_str *rest);

bool bare_starts(struct pk_str rest);
enum pk_err bare_read(struct making *making, struct pk_str *rest);

/* Whether any of the readers knows it. */
bool text_starts(struct pk_str rest);

/* The first line, without its end. */
struct pk_str text_line(struct pk_str text);

/* Cuts the first line off, without its end. */
struct pk_str text_cut_line(struct pk_str *text);

/* Parses the JSON at the start of `text`; on success *ret_size are the bytes that it took. */
json_t *json_start(struct pk_str text, size_t flags, size_t *ret_size, json_error_t *ret_error);

#endif
