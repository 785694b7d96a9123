/*
 * The broker: the process that programs ask for the tokens of people. It reads what anybody on this
 * machine may send it, so it holds no token but those that it hands on, no key of the vault, and
 * nothing of the programs' secrets but a hash each.
 */
#ifndef GATEWAY_BROKER_H
#define GATEWAY_BROKER_H

#include "gateway/broker_refusal.h"
#include "gateway/keeper_link.h"
#include "gateway/metrics.h"
#include "gateway/settings.h"
#include "io/http.h"

#include <jansson.h>

struct broker {
	struct event_base *base;
	struct http_server *server;
	struct settings *settings;
	struct keeper_link *keeper;
	struct metrics *metrics;
	uint16_t port;            /* 0: a unix socket */
	int64_t failures_allowed; /* of wrong keys, at this moment: broker_access.c */
	int64_t failures_at;
};

/* What a program asked for, once it is known who it is. */
struct broker_request {
	struct broker *broker;
	struct http_request *http;
	const struct broker_key *key;
	uint8_t pass[BROKER_HASH]; /* what the keeper is shown */
	struct pk_str login;       /* of the path, decoded; empty where it has none */
	struct pk_str subject;
};

/* Whose request this is; false when it was answered with a refusal. */
bool broker_access(struct broker *broker, struct http_request *http, struct broker_request *ret);

/* Reads "LOGIN/SUBJECT", percent-encoded each; false when it is none. The texts live as long as the
 * request. */
bool broker_path(struct http_request *http, struct pk_str path, struct broker_request *ret);

/* A parameter of the query, decoded; "not given" where there is none. False when it cannot be
 * read or is there twice. */
bool broker_parameter(struct http_request *http, const char *name, struct pk_str *ret);

/* What answers a request. */
typedef void broker_handler(const struct broker_request *request);

broker_handler broker_list;  /* broker_list.c */
broker_handler broker_token; /* broker_token.c */
broker_handler broker_refresh;
broker_handler broker_revoke; /* broker_revoke.c */

/* Answers with this document, and releases it; NULL: with none. Every answer of the broker ends
 * here. */
void broker_reply(struct http_request *http, int status, json_t *body);

/* JSON is UTF-8, and what a provider calls somebody need not be: null then. */
json_t *broker_json_text(struct pk_str text);

/*
 * Asks the keeper with a message that broker_begin() began. `done` answers the request, once,
 * unless its program hangs up before; `answer` is at its first field. When the keeper does not
 * answer, the program is told so and `done` is not called. What `done` is given of the request is a
 * copy.
 */
typedef void broker_answer(const struct broker_request *request, struct message_reader *answer);

void broker_begin(const struct broker_request *request, enum call call, struct pk_buf *message);
void broker_ask(const struct broker_request *request, const struct pk_buf *message,
		broker_answer *done);

/* Runs the process; comes back with its exit status. */
int broker_main(void);

#endif
