/*
 * One request to a provider: how it ended and how long it took are counted, and told in the log of
 * who asks for that (log_level = "debug"). Of an address only what stands before the query is told:
 * some providers take tokens there.
 */
#include "gateway/upstream.h"
#include "base/text.h"
#include "gateway/log.h"

#include <stdlib.h>

#define ADDRESS_MAX 256

struct upstream_request {
	LIST_ENTRY(upstream_request) entry;
	struct keeper *keeper;
	enum upstream purpose;
	const struct login_settings *login;
	uint64_t began_at;
	const char *method;
	char address[ADDRESS_MAX];
	http_client_done *done;
	void *arg;
};

/* A person waits for most of them. New tokens that nobody waits for are lost, where the provider has
 * replaced the old ones. */
/* clang-format off */
static const struct {
	const char *name;
	int seconds; /* from start to end */
} purposes[UPSTREAMS] = {
	[UPSTREAM_CODE]     = {"code",     HTTP_CLIENT_SECONDS},
	[UPSTREAM_REFRESH]  = {"refresh",  60},
	[UPSTREAM_REVOKE]   = {"revoke",   HTTP_CLIENT_SECONDS},
	[UPSTREAM_USERINFO] = {"userinfo", HTTP_CLIENT_SECONDS},
	[UPSTREAM_METADATA] = {"metadata", HTTP_CLIENT_SECONDS},
	[UPSTREAM_KEYS]     = {"keys",     HTTP_CLIENT_SECONDS},
	[UPSTREAM_PUSH]     = {"push",     HTTP_CLIENT_SECONDS},
};
/* clang-format on */

static void log_end(const struct upstream_request *asked, int status, const char *problem,
		    uint64_t took)
{
	char status_memory[16], took_memory[24];
	struct pk_buf status_text = pk_buf(status_memory, sizeof(status_memory));
	struct pk_buf took_text = pk_buf(took_memory, sizeof(took_memory));

	pk_buf_number(&status_text, status);
	pk_buf_number(&took_text, (int64_t)(took / 1000));
	log_event("debug", "provider.asked",
		  (struct log_field[]){
			  {"login", asked->login ? asked->login->login.name : (struct pk_str){0}},
			  {"for", pk_str(purposes[asked->purpose].name)},
			  {"method", pk_str(asked->method)},
			  {"url", pk_str(asked->address)},
			  {"status", pk_buf_str(&status_text)},
			  {"milliseconds", pk_buf_str(&took_text)},
			  {"problem", pk_str(problem)}},
		  7);
}

static void on_reply(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct upstream_request *const asked = arg;
	struct metrics *const metrics = asked->keeper->metrics;
	const uint64_t took = metrics_clock() - asked->began_at;
	const int status = reply ? reply->status : 0;
	const size_t of_hundred = status >= 100 && status < 600 ? (size_t)status / 100 : 0;
	http_client_done *const done = asked->done;
	void *const done_arg = asked->arg;

	metrics_count_at(metrics, METRIC_UPSTREAM, asked->purpose * UPSTREAM_STATUS + of_hundred);
	metrics_count_at(metrics, METRIC_PROVIDERS,
			 keeper_login_place(asked->keeper, asked->login) * UPSTREAM_STATUS +
				 of_hundred);
	metrics_time_at(metrics, METRIC_UPSTREAM_TIMES, asked->purpose, took);
	log_end(asked, status, reply ? "" : problem, took);
	LIST_REMOVE(asked, entry);
	free(asked);
	done(reply, problem, done_arg);
}

void upstream_send(struct keeper *keeper, enum upstream purpose, const struct pk_login *login,
		   const struct pk_http_request *request, http_client_done *done, void *arg)
{
	struct upstream_request *const asked = malloc(sizeof(*asked));
	const int seconds = purposes[purpose].seconds;

	if (!asked) {
		http_client_send_within(keeper->client, seconds, request, done, arg);
		return;
	}
	*asked = (struct upstream_request){
		.keeper = keeper,
		.purpose = purpose,
		.login = settings_login(keeper->settings, login->name),
		.began_at = metrics_clock(),
		.method = request->method,
		.done = done,
		.arg = arg,
	};
	pk_text_tame(asked->address, sizeof(asked->address),
		     pk_str_first(request->url, pk_str_find(request->url, '?')));
	LIST_INSERT_HEAD(&keeper->asked, asked, entry);
	http_client_send_within(keeper->client, seconds, request, on_reply, asked);
}

void upstream_free(struct keeper *keeper)
{
	struct upstream_request *asked;

	while ((asked = LIST_FIRST(&keeper->asked))) {
		LIST_REMOVE(asked, entry);
		free(asked);
	}
}
