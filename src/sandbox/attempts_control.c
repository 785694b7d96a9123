/* The attempts over HTTP: all, one, why it failed, as HAR. Reads what the recorder kept, which is
 * hostile, and hands it on as JSON; explain shortens what is secret. */
#include "base/text.h"
#include "sandbox/attempt_json.h"
#include "sandbox/control.h"
#include "sandbox/stream.h"

#include <stdlib.h>

static void no_memory(struct exchange *x)
{
	control_refuse(x, 503, "no_memory", "There is not enough memory for this answer.");
}

/* The first of the newest `limit` of this provider; NULL: of any. */
static struct attempt *first_of(const struct attempts *attempts, const struct provider *provider,
				int64_t limit)
{
	struct attempt *at = attempts_before(attempts, 0);
	struct attempt *first = NULL;

	for (; at && limit > 0; at = attempts_before(attempts, at->serial)) {
		if (provider && at->provider != provider)
			continue;
		first = at;
		limit--;
	}
	return first;
}

void attempts_list(struct exchange *x, struct pk_str rest)
{
	const struct attempts *attempts = x->sandbox->attempts;
	const struct provider *provider = NULL;
	struct pk_str name;
	struct pk_str limit_text;
	int64_t limit = ATTEMPTS_MAX;
	json_t *list;

	(void)rest;
	if (!control_query(x, "provider", &name) || !control_query(x, "limit", &limit_text) ||
	    (limit_text.ptr && !pk_str_number(limit_text, INT64_MAX, &limit))) {
		control_refuse(x, 400, "invalid_request",
			       "The query has provider=NAME and limit=NUMBER.");
		return;
	}
	provider = name.ptr ? provider_find(&x->sandbox->providers, name) : NULL;
	if (name.ptr && !provider) {
		control_refuse(x, 404, "not_found", "There is no such provider; / lists them.");
		return;
	}
	list = json_array();
	for (struct attempt *at = first_of(attempts, provider, limit); at;
	     at = attempts_after(attempts, at->serial))
		if (!provider || at->provider == provider)
			(void)json_array_append_new(list, attempt_json(attempts, at));
	control_reply(x, 200, list);
}

void attempts_clear(struct exchange *x, struct pk_str rest)
{
	(void)rest;
	attempts_forget_all(x->sandbox->attempts);
	stream_cleared(x->sandbox->stream);
	http_reply(x->http, 204, NULL, PK_STR(""));
}

static void reply_whole(struct exchange *x, const struct attempt *attempt)
{
	control_reply(x, 200, attempt_json(x->sandbox->attempts, attempt));
}

static void reply_explained(struct exchange *x, const struct attempt *attempt)
{
	char *text = attempt_explain(attempt, NULL);

	if (!text) {
		no_memory(x);
		return;
	}
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply(x->http, 200, "application/json", pk_str(text));
	free(text);
}

static void reply_har(struct exchange *x, const struct attempt *attempt)
{
	char memory[128];
	char id[ATTEMPT_ID_MAX];
	struct pk_buf disposition = pk_buf(memory, sizeof(memory));

	pk_buf_put(&disposition, PK_STR("attachment; filename=\"attempt-"));
	pk_buf_put(&disposition, attempt_id(x->sandbox->attempts, attempt->serial, id));
	pk_buf_put(&disposition, PK_STR(".har\""));
	http_reply_header(x->http, "Content-Disposition", pk_buf_str(&disposition));
	control_reply(x, 200, attempt_har(attempt));
}

static const struct {
	struct pk_str name;
	void (*reply)(struct exchange *x, const struct attempt *attempt);
} views[] = {
	{{"", 0}, reply_whole},
	{{"explain", 7}, reply_explained},
	{{"har", 3}, reply_har},
};

void attempts_item(struct exchange *x, struct pk_str rest)
{
	const struct attempts *attempts = x->sandbox->attempts;
	struct pk_str view = rest;
	const struct pk_str id = pk_str_cut(&view, '/');
	const struct attempt *attempt = attempts_get(attempts, attempt_serial(attempts, id));

	for (size_t i = 0; attempt && i < sizeof(views) / sizeof(views[0]); i++)
		if (pk_str_equal(view, views[i].name)) {
			views[i].reply(x, attempt);
			return;
		}
	control_refuse(x, 404, "not_found",
		       "There is no such attempt, or no more; /_sandbox/attempts lists them.");
}
