/*
 * The attempts: a ring of fixed size, and their events on the heap, counted. What is kept is
 * hostile and copied as it came; nothing in here looks into it.
 */
#include "sandbox/attempts.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RUN_LEN 4        /* bytes that tell the runs of the sandbox apart */
#define BEGINNING_KEPT 8 /* events: authorize, consent, callback, token request, user info */

struct attempts {
	struct attempt item[ATTEMPTS_MAX]; /* the attempt of a serial is at its remainder */
	uint64_t reserved;                 /* the newest serial; the first is 1 */
	uint64_t gone;                     /* no older one is here, nor this */
	size_t size;
	unsigned char run[RUN_LEN];
	void (*added)(uint64_t serial, void *arg);
	void *arg;
};

struct attempts *attempts_new(void)
{
	struct attempts *attempts = calloc(1, sizeof(*attempts));

	if (attempts)
		randombytes_buf(attempts->run, sizeof(attempts->run));
	return attempts;
}

static void forget(struct attempts *attempts, struct attempt *attempt)
{
	struct record *record = attempt->first;

	while (record) {
		struct record *const next = record->next;

		free(record);
		record = next;
	}
	attempts->size -= attempt->size;
	*attempt = (struct attempt){0};
}

void attempts_forget_all(struct attempts *attempts)
{
	for (size_t i = 0; i < ATTEMPTS_MAX; i++)
		forget(attempts, &attempts->item[i]);
	attempts->gone = attempts->reserved;
}

void attempts_free(struct attempts *attempts)
{
	if (!attempts)
		return;
	attempts_forget_all(attempts);
	free(attempts);
}

void attempts_watch(struct attempts *attempts, void (*added)(uint64_t serial, void *arg), void *arg)
{
	attempts->added = added;
	attempts->arg = arg;
}

uint64_t attempts_reserve(struct attempts *attempts)
{
	return ++attempts->reserved;
}

static struct attempt *slot(const struct attempts *attempts, uint64_t serial)
{
	/* The ring is ours to write; a caller with a const one gets nothing that it does not ask. */
	return (struct attempt *)&attempts->item[serial % ATTEMPTS_MAX];
}

struct attempt *attempts_begin(struct attempts *attempts, uint64_t serial,
			       const struct provider *provider, double at)
{
	struct attempt *attempt = slot(attempts, serial);

	forget(attempts, attempt);
	*attempt = (struct attempt){.serial = serial, .provider = provider, .at = at};
	return attempt;
}

struct attempt *attempts_get(const struct attempts *attempts, uint64_t serial)
{
	struct attempt *attempt = slot(attempts, serial);

	return serial && attempt->serial == serial ? attempt : NULL;
}

/* The oldest serial that can still be here. */
static uint64_t oldest(const struct attempts *attempts)
{
	const uint64_t by_ring =
		attempts->reserved < ATTEMPTS_MAX ? 1 : attempts->reserved - ATTEMPTS_MAX + 1;

	return by_ring > attempts->gone ? by_ring : attempts->gone + 1;
}

struct attempt *attempts_after(const struct attempts *attempts, uint64_t serial)
{
	uint64_t at = serial + 1;

	if (at < oldest(attempts))
		at = oldest(attempts);
	for (; at <= attempts->reserved; at++)
		if (slot(attempts, at)->serial == at)
			return slot(attempts, at);
	return NULL;
}

struct attempt *attempts_before(const struct attempts *attempts, uint64_t serial)
{
	uint64_t at = serial ? serial - 1 : attempts->reserved;

	for (; at >= oldest(attempts); at--)
		if (slot(attempts, at)->serial == at)
			return slot(attempts, at);
	return NULL;
}

size_t attempts_count(const struct attempts *attempts)
{
	size_t count = 0;

	for (size_t i = 0; i < ATTEMPTS_MAX; i++)
		count += attempts->item[i].serial != 0;
	return count;
}

/* ---- Events ---- */

static size_t size_of(const struct pk_message *message)
{
	size_t size = message->method.len + message->url.len + message->body.len +
		      message->header_count * sizeof(struct pk_header);

	for (size_t i = 0; i < message->header_count; i++)
		size += message->header[i].name.len + message->header[i].value.len;
	return size;
}

static void move_text(struct pk_str *text, char **at)
{
	if (!text->ptr)
		return;
	memcpy(*at, text->ptr, text->len);
	text->ptr = *at;
	*at += text->len;
}

static void move_message(struct pk_message *message, struct pk_header **headers, char **at)
{
	struct pk_header *const own = *headers;

	for (size_t i = 0; i < message->header_count; i++) {
		own[i] = message->header[i];
		move_text(&own[i].name, at);
		move_text(&own[i].value, at);
	}
	*headers += message->header_count;
	message->header = own;
	move_text(&message->method, at);
	move_text(&message->url, at);
	move_text(&message->body, at);
}

static struct record *copy(const struct pk_event *event)
{
	const size_t size =
		sizeof(struct record) + size_of(&event->request) + size_of(&event->reply);
	const size_t headers = event->request.header_count + event->reply.header_count;
	struct record *record = malloc(size);
	struct pk_header *header;
	char *text;

	if (!record)
		return NULL;
	*record = (struct record){.size = size, .event = *event};
	header = (struct pk_header *)(record + 1);
	text = (char *)(header + headers);
	move_message(&record->event.request, &header, &text);
	move_message(&record->event.reply, &header, &text);
	return record;
}

/* The beginning says what the login was; of what follows, the end says how it goes. */
static void drop_middle(struct attempts *attempts, struct attempt *attempt)
{
	struct record *before = attempt->first;
	struct record *dropped;

	for (size_t i = 1; i < BEGINNING_KEPT; i++)
		before = before->next;
	dropped = before->next;
	before->next = dropped->next;
	attempt->count--;
	attempt->size -= dropped->size;
	attempts->size -= dropped->size;
	free(dropped);
}

static void make_room(struct attempts *attempts)
{
	while (attempts->size > ATTEMPTS_SIZE_MAX) {
		struct attempt *attempt = attempts_after(attempts, 0);

		attempts->gone = attempt->serial;
		forget(attempts, attempt);
	}
}

void attempts_add(struct attempts *attempts, struct attempt *attempt, const struct pk_event *event,
		  int64_t now)
{
	const uint64_t serial = attempt->serial;
	struct record *record = copy(event);

	if (!record)
		return; /* a gap in the record is better than a login that fails for it */
	if (attempt->last)
		attempt->last->next = record;
	else
		attempt->first = record;
	attempt->last = record;
	attempt->count++;
	attempt->touched = now;
	attempt->size += record->size;
	attempts->size += record->size;
	if (attempt->count > ATTEMPT_EVENTS_MAX)
		drop_middle(attempts, attempt);
	make_room(attempts);
	if (attempts->added)
		attempts->added(serial, attempts->arg);
}

/* ---- Names ---- */

struct pk_str attempt_id(const struct attempts *attempts, uint64_t serial,
			 char memory[static ATTEMPT_ID_MAX])
{
	struct pk_buf out = pk_buf(memory, ATTEMPT_ID_MAX);

	pk_hex_encode(&out, attempts->run, sizeof(attempts->run));
	pk_buf_char(&out, '-');
	pk_buf_number(&out, (int64_t)serial);
	return pk_buf_str(&out);
}

uint64_t attempt_serial(const struct attempts *attempts, struct pk_str id)
{
	char memory[ATTEMPT_ID_MAX];
	struct pk_str rest = id;
	int64_t serial;

	(void)pk_str_cut(&rest, '-');
	if (!pk_str_number(rest, INT64_MAX, &serial) ||
	    !pk_str_equal(attempt_id(attempts, (uint64_t)serial, memory), id))
		return 0;
	return (uint64_t)serial;
}
