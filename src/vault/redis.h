/*
 * The parts of the Valkey and Redis store: the address, requests, rows, and the link to the server.
 * Internal to that store.
 */
#ifndef VAULT_REDIS_H
#define VAULT_REDIS_H

#include "vault/store.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>

/* ---- The address ---- */

#define REDIS_TEXT_MAX 256

/* What an address says; texts end with NUL, and one that is not given is empty. */
struct redis_address {
	bool tls;
	char host[REDIS_TEXT_MAX]; /* a name or a number without its brackets; or ... */
	char port[8];
	char path[REDIS_TEXT_MAX]; /* ... a socket */
	char user[REDIS_TEXT_MAX];
	char password[REDIS_TEXT_MAX];
	char database[8];                /* its number; empty: the first one */
	char ca[REDIS_TEXT_MAX];         /* a file of certificates, instead of the system's */
	char shown[REDIS_TEXT_MAX + 32]; /* for sentences: without the password */
};

/* Reads redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// likewise with [?ca=FILE], and
 * redis+unix://[USER:PASSWORD@]/PATH[?db=DATABASE]; %XX is understood everywhere. False with a
 * sentence that has nothing of the password. */
bool redis_address_parse(const char *address, struct redis_address *ret, char *error,
			 size_t error_size);

/* ---- Requests: arguments of the script ---- */

#define REDIS_ARGUMENTS_MAX 24

/* Arguments one behind the other. Memory that is missing is remembered until it is sent. */
struct redis_request {
	char *bytes;
	size_t len, cap;
	size_t end[REDIS_ARGUMENTS_MAX]; /* where each argument ends */
	size_t count;
	bool failed;
};

/* One argument is begun, then bytes are added to it. */
void redis_begin(struct redis_request *request);
void redis_add(struct redis_request *request, struct pk_str bytes);

void redis_text(struct redis_request *request, struct pk_str text);
void redis_number(struct redis_request *request, int64_t number);
/* A time: "+" before it; nothing at all where it is not known. */
void redis_time(struct redis_request *request, int64_t time);

/* Adds a text so that no other text's form begins with it, in an order that is the texts'. */
void redis_escape(struct redis_request *request, struct pk_str text);
/* Adds what names the grant of (login, subject) and no other; in the order of those pairs. */
void redis_name(struct redis_request *request, struct pk_str login, struct pk_str subject);

/* ---- Rows ---- */

/* An argument for each column. */
void redis_row_write(struct redis_request *request, const struct stored_grant *grant);

/* Reads a row as the script gives it; false where it is none. The texts are in `reply`, which it
 * changes. */
bool redis_row_read(redisReply *reply, struct stored_grant *ret);

/* Takes a name apart, in place. */
bool redis_name_read(char *name, size_t len, struct pk_str *ret_login, struct pk_str *ret_subject);

/* A number, as an integer or a text; PK_TIME_UNKNOWN for what is nothing. */
bool redis_number_read(const redisReply *reply, int64_t *ret);

/* ---- The link ---- */

/* Before all keys; by the braces a cluster would keep them together. */
#define REDIS_PREFIX "{proofkey}:"

/* Writes what an error means, and gives whether that may pass. */
bool redis_complaint(const redisReply *reply, char *out, size_t cap);

struct redis_link;

/* Gives the script's reply, or NULL with a sentence. The reply lives until it returns. */
typedef void redis_done(redisReply *reply, const char *problem, void *arg);

/* Connects, and asks the server once whether it is the right one: waits for that, STORE_SECONDS at
 * most. NULL with a sentence where it refuses for good. */
struct redis_link *redis_link_open(struct event_base *base, const struct redis_address *address,
				   char *error, size_t error_size);
/* What is under way is answered first. */
void redis_link_close(struct redis_link *link);

/* Runs the script; takes the request over. */
void redis_link_run(struct redis_link *link, struct redis_request *request, redis_done *done,
		    void *arg);

/* What is wrong with the server's settings, or NULL. */
const char *redis_link_warning(const struct redis_link *link);

#endif
