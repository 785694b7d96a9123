/*
 * Who may ask the broker: whoever sends the secret of a key (RFC 6750 2.1). On a port of this
 * machine the Host header counts too: a page whose name was made to mean this machine is not let
 * in, with whatever its browser would send. A browser does not reach a unix socket, whose clients
 * write all sorts of names there.
 */
#include "base/text.h"
#include "gateway/broker.h"
#include "gateway/broker_key.h"
#include "gateway/log.h"

#include <strings.h>
#include <time.h>

/* Requests without a good key: some at once, then one each second, the others are told to wait
 * and are not in the log. Those with a good one are never in their way. */
#define FAILURES_AT_ONCE 20

static bool is_this_machine(const struct broker *broker, struct pk_str host)
{
	char memory[128];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	int64_t port = 0;
	size_t end = host.len;

	while (end && host.ptr[end - 1] != ':')
		end--;
	pk_buf_put(&url, PK_STR("http://"));
	pk_buf_put(&url, host);
	return end && pk_str_number(pk_str_from(host, end), 65535, &port) && port == broker->port &&
	       !url.overflow && pk_uri_is_loopback(pk_buf_str(&url));
}

/* The secret of the one Authorization header; "not given" where there is none or it is of
 * another kind. */
static struct pk_str secret_of(const struct http_request *http)
{
	const struct pk_str value = http_header(http, "Authorization");
	const struct pk_str scheme = PK_STR("Bearer ");

	if (http_header_count(http, "Authorization") != 1 || value.len <= scheme.len ||
	    strncasecmp(value.ptr, scheme.ptr, scheme.len) != 0)
		return (struct pk_str){0};
	return pk_str_trim(pk_str_from(value, scheme.len));
}

static bool may_fail(struct broker *broker)
{
	struct timespec clock;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	broker->failures_allowed += clock.tv_sec - broker->failures_at;
	broker->failures_at = clock.tv_sec;
	if (broker->failures_allowed > FAILURES_AT_ONCE)
		broker->failures_allowed = FAILURES_AT_ONCE;
	if (broker->failures_allowed <= 0)
		return false;
	broker->failures_allowed--;
	return true;
}

bool broker_access(struct broker *broker, struct http_request *http, struct broker_request *ret)
{
	const struct pk_str secret = secret_of(http);

	if (broker->port && !is_this_machine(broker, http_header(http, "Host"))) {
		broker_refuse(http, REFUSAL_HOST);
		return false;
	}
	*ret = (struct broker_request){.broker = broker, .http = http};
	ret->key = broker_key_find(broker->settings, secret);
	if (ret->key) {
		broker_key_pass(secret, ret->pass);
		return true;
	}
	if (may_fail(broker)) {
		log_text("warn", "broker.refused", "a request without a good key");
		broker_refuse(http, REFUSAL_KEY);
	} else {
		broker_refuse(http, REFUSAL_FAILURES);
	}
	return false;
}
