/* What waits for a decision. The ids come back from a browser and are hostile; an id has 256 random
 * bits, is compared in constant time and works once. */
#include "sandbox/waiting.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ID_LEN PK_BASE64URL_LEN(32)

struct row {
	char id[ID_LEN];
	const struct provider *provider;
	char *text; /* NULL: free */
	size_t len;
	uint64_t attempt;
	int64_t expires_at;
};

struct waiting {
	struct row rows[WAITING_MAX];
	size_t next;
	int64_t milliseconds;
};

struct waiting *waiting_new(int64_t milliseconds)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting)
		waiting->milliseconds = milliseconds;
	return waiting;
}

static void clear(struct row *row)
{
	free(row->text);
	*row = (struct row){0};
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	for (size_t i = 0; i < WAITING_MAX; i++)
		clear(&waiting->rows[i]);
	free(waiting);
}

bool waiting_put(struct waiting *waiting, const struct provider *provider, struct pk_str request,
		 uint64_t attempt, int64_t now, struct pk_buf *ret_id)
{
	struct row *row = &waiting->rows[waiting->next];
	struct pk_buf id = pk_buf(row->id, sizeof(row->id));
	unsigned char random[32];

	clear(row);
	row->text = malloc(request.len ? request.len : 1);
	if (!row->text)
		return false;
	memcpy(row->text, request.ptr, request.len);
	row->len = request.len;
	row->provider = provider;
	row->attempt = attempt;
	row->expires_at = now + waiting->milliseconds;
	randombytes_buf(random, sizeof(random));
	pk_base64url_encode(&id, random, sizeof(random));
	pk_buf_put(ret_id, pk_buf_str(&id));
	waiting->next = (waiting->next + 1) % WAITING_MAX;
	return true;
}

static struct row *find(struct waiting *waiting, struct pk_str id)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct row *row = &waiting->rows[i];

		if (row->text && pk_str_equal_secret(id, (struct pk_str){row->id, ID_LEN}))
			return row;
	}
	return NULL;
}

struct pk_str waiting_take(struct waiting *waiting, const struct provider *provider,
			   struct pk_str id, int64_t now, struct pk_arena *arena,
			   uint64_t *ret_attempt)
{
	struct row *row = find(waiting, id);
	struct pk_str text = {0};

	if (!row || row->provider != provider)
		return text;
	*ret_attempt = row->attempt;
	if (now < row->expires_at &&
	    pk_arena_copy(arena, (struct pk_str){row->text, row->len}, &text) != PK_OK)
		text = (struct pk_str){0};
	clear(row);
	return text;
}
