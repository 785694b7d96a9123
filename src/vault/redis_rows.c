/*
 * Rows and names as bytes: what a grant becomes at a Valkey or Redis server, and back. What comes
 * back is believed in nothing but its shape, which is checked: somebody else may have written it.
 */
#include "vault/redis.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

void redis_begin(struct redis_request *request)
{
	if (request->count == REDIS_ARGUMENTS_MAX) {
		request->failed = true;
		return;
	}
	request->end[request->count++] = request->len;
}

void redis_add(struct redis_request *request, struct pk_str bytes)
{
	if (request->failed || !bytes.len)
		return;
	if (request->cap - request->len < bytes.len) {
		const size_t cap = 2 * request->cap + bytes.len + 256;
		char *grown = realloc(request->bytes, cap);

		if (!grown) {
			request->failed = true;
			return;
		}
		request->bytes = grown;
		request->cap = cap;
	}
	memcpy(request->bytes + request->len, bytes.ptr, bytes.len);
	request->len += bytes.len;
	request->end[request->count - 1] = request->len;
}

void redis_text(struct redis_request *request, struct pk_str text)
{
	redis_begin(request);
	redis_add(request, text);
}

static void add_number(struct redis_request *request, int64_t number)
{
	char text[24];
	struct pk_buf buf = {.ptr = text, .cap = sizeof(text)};

	pk_buf_number(&buf, number);
	redis_add(request, (struct pk_str){text, buf.len});
}

void redis_number(struct redis_request *request, int64_t number)
{
	redis_begin(request);
	add_number(request, number);
}

void redis_time(struct redis_request *request, int64_t time)
{
	redis_begin(request);
	if (time == PK_TIME_UNKNOWN)
		return;
	redis_add(request, PK_STR("+"));
	add_number(request, time);
}

/* A zero byte has 0xFF behind it, and two zero bytes end the text: they sort before all that can
 * stand there instead. */
void redis_escape(struct redis_request *request, struct pk_str text)
{
	while (text.len) {
		const size_t zero = pk_str_find(text, '\0');

		redis_add(request, pk_str_first(text, zero));
		if (zero < text.len)
			redis_add(request, (struct pk_str){"\0\xff", 2});
		text = pk_str_from(text, zero + 1);
	}
	redis_add(request, (struct pk_str){"\0\0", 2});
}

void redis_name(struct redis_request *request, struct pk_str login, struct pk_str subject)
{
	redis_escape(request, login);
	redis_add(request, subject);
}

/* ---- Reading ---- */

bool redis_name_read(char *name, size_t len, struct pk_str *ret_login, struct pk_str *ret_subject)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		if (name[i]) {
			name[out++] = name[i];
			continue;
		}
		if (++i == len || (name[i] && name[i] != '\xff'))
			return false;
		if (!name[i]) {
			*ret_login = (struct pk_str){name, out};
			*ret_subject = (struct pk_str){name + i + 1, len - i - 1};
			return true;
		}
		name[out++] = '\0';
	}
	return false;
}

bool redis_number_read(const redisReply *reply, int64_t *ret)
{
	*ret = PK_TIME_UNKNOWN;
	if (reply->type == REDIS_REPLY_NIL)
		return true;
	if (reply->type == REDIS_REPLY_INTEGER) {
		*ret = reply->integer;
		return true;
	}
	return reply->type == REDIS_REPLY_STRING &&
	       pk_str_number((struct pk_str){reply->str, reply->len}, INT64_MAX, ret);
}

/* ---- The columns ---- */

enum kind {
	TEXT,
	TIME, /* or PK_TIME_UNKNOWN */
	STATE,
	KEY,
};

/* In the order of redis.lua. */
/* clang-format off */
static const struct column {
	size_t offset;
	enum kind kind;
} columns[] = {
	{offsetof(struct stored_grant, version),            TIME},
	{offsetof(struct stored_grant, key),                KEY},
	{offsetof(struct stored_grant, access_token),       TEXT},
	{offsetof(struct stored_grant, refresh_token),      TEXT},
	{offsetof(struct stored_grant, id_token),           TEXT},
	{offsetof(struct stored_grant, scope),              TEXT},
	{offsetof(struct stored_grant, session),            TEXT},
	{offsetof(struct stored_grant, access_expires_at),  TIME},
	{offsetof(struct stored_grant, refresh_expires_at), TIME},
	{offsetof(struct stored_grant, refresh_at),         TIME},
	{offsetof(struct stored_grant, state),              STATE},
	{offsetof(struct stored_grant, failures),           TIME},
	{offsetof(struct stored_grant, fault),              TEXT},
	{offsetof(struct stored_grant, created_at),         TIME},
	{offsetof(struct stored_grant, refreshed_at),       TIME},
	{offsetof(struct stored_grant, sent_at),            TIME},
};
/* clang-format on */
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void write_text(struct redis_request *request, struct pk_str text)
{
	redis_begin(request);
	if (!text.ptr)
		return;
	redis_add(request, PK_STR("+"));
	redis_add(request, text);
}

void redis_row_write(struct redis_request *request, const struct stored_grant *grant)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		const void *at = (const char *)grant + columns[i].offset;

		switch (columns[i].kind) {
		case TEXT:
			write_text(request, *(const struct pk_str *)at);
			break;
		case TIME:
			redis_time(request, *(const int64_t *)at);
			break;
		case STATE:
			redis_time(request, (int64_t)grant->state);
			break;
		case KEY:
			write_text(request, (struct pk_str){at, KEY_ID});
			break;
		}
	}
}

static bool read_column(const redisReply *reply, const struct column *column,
			struct stored_grant *ret)
{
	void *at = (char *)ret + column->offset;
	int64_t number;

	switch (column->kind) {
	case TEXT:
		if (reply->type == REDIS_REPLY_NIL)
			return true;
		*(struct pk_str *)at = (struct pk_str){reply->str, reply->len};
		return reply->type == REDIS_REPLY_STRING;
	case TIME:
		return redis_number_read(reply, at);
	case STATE:
		if (!redis_number_read(reply, &number))
			return false;
		/* A state that is not ours was written by nobody who may say that all is well. */
		ret->state = number >= 0 && number < GRANT_STATES ? (enum grant_state)number
								  : GRANT_ENDED;
		return true;
	case KEY:
		if (reply->type != REDIS_REPLY_STRING || reply->len != KEY_ID)
			return false;
		memcpy(at, reply->str, KEY_ID);
		return true;
	}
	return false;
}

bool redis_row_read(redisReply *reply, struct stored_grant *ret)
{
	*ret = (struct stored_grant){0};
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 + COLUMNS)
		return false;

	redisReply *name = reply->element[0];

	if (name->type != REDIS_REPLY_STRING ||
	    !redis_name_read(name->str, name->len, &ret->login, &ret->subject))
		return false;
	for (size_t i = 0; i < COLUMNS; i++)
		if (!read_column(reply->element[1 + i], &columns[i], ret))
			return false;
	return true;
}
