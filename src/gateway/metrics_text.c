/*
 * What is counted, in words: the names, labels and explanations of docs/metrics.md, and the text
 * that Prometheus reads (text format 0.0.4). Every label is from a list that is here, or from the
 * fault list.
 */
#include "base/text.h"
#include "gateway/metrics.h"
#include "proofkey_explain.h"

#include <stdlib.h>

enum type { COUNTER, GAUGE, TIMES };

/* What a label's values are: those of a list, ids of the fault list, names of logins. */
enum values { LISTED, FAULTS, LOGINS };

/* One label, and its values in the order of the cells. */
struct label {
	const char *name;
	const char *const *listed; /* ends with NULL */
	enum values values;
};

#define LABELS 2

/* A family: its cells stand one behind the other, the values of its last label in turn. */
struct family {
	const char *name;
	enum type type;
	int first; /* an enum metric, or for a GAUGE an enum gauge */
	struct label label[LABELS];
	const char *help;
};

static const char *const answers[] = {"yes", "no", NULL};
static const char *const outcomes[] = {"refreshed", "elsewhere", "retrying", "ended", NULL};
static const char *const accesses[] = {"read", "write", NULL};
static const char *const processes[] = {"front", "keeper", "broker", NULL};
static const char *const states[] = {"active", "retrying", "ended", "leaving", NULL};
static const char *const upstreams[] = {"code",     "refresh", "revoke", "userinfo",
					"metadata", "keys",    "push",   NULL};
static const char *const upstream_statuses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx", NULL};
static const char *const broker_statuses[] = {"200", "204", "400", "401", "403", "404",   "405",
					      "410", "421", "429", "500", "503", "other", NULL};

/* clang-format off */
static const struct family families[] = {
	{"proofkey_logins_started_total",  COUNTER, METRIC_LOGINS_STARTED,  {{0}}, "Logins begun: browsers sent to a provider."},
	{"proofkey_logins_finished_total", COUNTER, METRIC_LOGINS_FINISHED, {{0}}, "Logins that ended with a session."},
	{"proofkey_login_failures_total",  COUNTER, METRIC_LOGIN_FAULTS,    {{"fault", NULL, FAULTS}}, "Logins that failed, by their fault."},
	{"proofkey_sessions_ended_total",  COUNTER, METRIC_SESSIONS_ENDED,  {{0}}, "Sessions that a person ended by signing out."},
	{"proofkey_checks_total",          COUNTER, METRIC_CHECKS_YES,      {{"answer", answers, LISTED}}, "Requests of which a web server asked whether they may pass."},

	{"proofkey_refreshes_total",         COUNTER, METRIC_REFRESHES,      {{"login", NULL, LOGINS}, {"outcome", outcomes, LISTED}}, "Refreshes of a grant, by what came of them: new tokens; another keeper saw to it; it will be tried again; the grant has ended."},
	{"proofkey_refresh_failures_total",  COUNTER, METRIC_REFRESH_FAULTS, {{"fault", NULL, FAULTS}}, "Refreshes that failed and will be tried again, by their fault."},
	{"proofkey_grants_ended_total",      COUNTER, METRIC_ENDED_FAULTS,   {{"fault", NULL, FAULTS}}, "Grants that a refresh found ended, by the fault: these people must sign in again."},
	{"proofkey_refresh_overdue_seconds", GAUGE,   GAUGE_OVERDUE,         {{0}}, "How long the oldest refresh that is due has been waiting, in seconds; 0: none waits."},
	{"proofkey_lease_wait_seconds",      TIMES,   METRIC_LEASE_TIMES,    {{0}}, "How long somebody waited for a grant that another keeper was refreshing."},
	{"proofkey_grants",                  GAUGE,   GAUGE_GRANTS,          {{"state", states, LISTED}}, "Grants in the store, by state; leaving: deleted, and the provider is still to forget the tokens. Replicas that share a store all say the same: take the maximum, not the sum."},
	{"proofkey_grants_locked_total",     COUNTER, METRIC_GRANTS_LOCKED,  {{0}}, "Times that the tokens of a grant were wanted and did not open: no key of the key ring fits, or they were altered."},
	{"proofkey_grants_resealed_total",   COUNTER, METRIC_GRANTS_RESEALED, {{0}}, "Grants whose tokens were sealed anew with the first key of the key ring, after a rotation."},

	{"proofkey_store_up",             GAUGE,   GAUGE_STORE_UP,            {{0}}, "Whether the store answered when it was last asked: 1 or 0. The keeper asks at least once a second."},
	{"proofkey_store_seconds",        TIMES,   METRIC_STORE_TIMES,        {{"access", accesses, LISTED}}, "How long the store took to answer a call."},
	{"proofkey_store_failures_total", COUNTER, METRIC_STORE_FAILED_READS, {{"access", accesses, LISTED}}, "Calls that the store did not answer."},

	{"proofkey_upstream_requests_total", COUNTER, METRIC_UPSTREAM,       {{"request", upstreams, LISTED}, {"status", upstream_statuses, LISTED}}, "Requests to providers, by what was asked for and the class of the status; none: there was no reply."},
	{"proofkey_upstream_seconds",        TIMES,   METRIC_UPSTREAM_TIMES, {{"request", upstreams, LISTED}}, "How long providers took to answer."},
	{"proofkey_provider_replies_total",  COUNTER, METRIC_PROVIDERS,      {{"login", NULL, LOGINS}, {"status", upstream_statuses, LISTED}}, "The same requests, by the login that they were made for and the class of the status."},

	{"proofkey_broker_requests_total", COUNTER, METRIC_BROKER, {{"status", broker_statuses, LISTED}}, "Requests of programs that the broker answered, by status."},
	{"proofkey_process_deaths_total",  COUNTER, METRIC_DIED,   {{"process", processes, LISTED}}, "Processes that ended by themselves and were started again."},
};
/* clang-format on */

size_t metrics_broker_status(int status)
{
	size_t at = 0;

	while (at < BROKER_STATUS - 1 && strtol(broker_statuses[at], NULL, 10) != status)
		at++;
	return at;
}

static size_t values_of(const struct label *label)
{
	size_t count = 0;

	if (!label->name)
		return 1;
	if (label->values == FAULTS)
		return METRIC_FAULTS;
	if (label->values == LOGINS)
		return METRIC_LOGINS;
	while (label->listed[count])
		count++;
	return count;
}

/* `memory` is for a name. */
static const char *value_of(const struct metrics *metrics, const struct label *label, size_t index,
			    char memory[static METRIC_LOGIN_MAX + 1])
{
	if (label->values == LISTED)
		return label->listed[index];
	if (label->values == LOGINS)
		return metrics_login_name(metrics, index, memory) ? memory : "other";
	return index < METRIC_FAULTS - 1 && pk_fault_at(index) ? pk_fault_at(index)->id
							       : "unlisted";
}

static void put_head(struct pk_buf *out, const struct family *family)
{
	static const char *const types[] = {
		[COUNTER] = "counter", [GAUGE] = "gauge", [TIMES] = "histogram"};

	pk_buf_put(out, PK_STR("# HELP "));
	pk_buf_put(out, pk_str(family->name));
	pk_buf_char(out, ' ');
	pk_buf_put(out, pk_str(family->help));
	pk_buf_put(out, PK_STR("\n# TYPE "));
	pk_buf_put(out, pk_str(family->name));
	pk_buf_char(out, ' ');
	pk_buf_put(out, pk_str(types[family->type]));
	pk_buf_char(out, '\n');
}

static void put_label(struct pk_buf *out, bool *first, const char *name, const char *value)
{
	pk_buf_char(out, *first ? '{' : ',');
	*first = false;
	pk_buf_put(out, pk_str(name));
	pk_buf_put(out, PK_STR("=\""));
	pk_buf_put(out, pk_str(value));
	pk_buf_char(out, '"');
}

/* The name with its labels; `le` is a histogram's own label, or NULL. */
static void put_name(const struct metrics *metrics, const struct family *family, size_t cell,
		     const char *suffix, const char *le, struct pk_buf *out)
{
	char memory[METRIC_LOGIN_MAX + 1];
	const size_t last = values_of(&family->label[1]);
	const size_t place[LABELS] = {cell / last, cell % last};
	bool first = true;

	pk_buf_put(out, pk_str(family->name));
	pk_buf_put(out, pk_str(suffix));
	for (size_t i = 0; i < LABELS; i++)
		if (family->label[i].name)
			put_label(out, &first, family->label[i].name,
				  value_of(metrics, &family->label[i], place[i], memory));
	if (le)
		put_label(out, &first, "le", le);
	if (!first)
		pk_buf_char(out, '}');
	pk_buf_char(out, ' ');
}

static void put_value(struct pk_buf *out, uint64_t value)
{
	pk_buf_number(out, (int64_t)(value & INT64_MAX));
	pk_buf_char(out, '\n');
}

/* Microseconds as seconds, without zeros at their end. */
static void put_seconds(struct pk_buf *out, uint64_t microseconds)
{
	uint64_t left = microseconds % 1000000;

	pk_buf_number(out, (int64_t)(microseconds / 1000000));
	if (left)
		pk_buf_char(out, '.');
	for (uint64_t unit = 100000; left; left %= unit, unit /= 10)
		pk_buf_char(out, (char)('0' + left / unit));
}

/* Whether it is shown before anything was counted. What comes into being with its first count never
 * grows, as Prometheus sees it, and an alert would miss the first fault; so all are shown that may
 * ever come. */
static bool is_shown(const struct metrics *metrics, const struct family *family, size_t cell)
{
	char name[METRIC_LOGIN_MAX + 1];

	if (family->label[0].values == LOGINS)
		return metrics_login_name(metrics, cell / values_of(&family->label[1]), name);
	return family->label[0].values == LISTED || cell == METRIC_FAULTS - 1 || pk_fault_at(cell);
}

static void put_counter(const struct metrics *metrics, const struct family *family, size_t cell,
			struct pk_buf *out)
{
	const uint64_t sum = metrics_sum(metrics, (enum metric)family->first, cell);

	if (!sum && !is_shown(metrics, family, cell))
		return;
	put_name(metrics, family, cell, "", NULL, out);
	put_value(out, sum);
}

/* Nothing is said of what nobody knows. */
static void put_gauge(const struct metrics *metrics, const struct family *family, size_t cell,
		      struct pk_buf *out)
{
	const size_t gauge = (size_t)family->first + cell;
	int64_t value;

	if (!metrics_gauge(metrics, (enum gauge)gauge, &value))
		return;
	put_name(metrics, family, cell, "", NULL, out);
	pk_buf_number(out, value);
	pk_buf_char(out, '\n');
}

/* Each bound counts all that is shorter, too. */
static void put_times(const struct metrics *metrics, const struct family *family, size_t cell,
		      struct pk_buf *out)
{
	const enum metric metric = (enum metric)family->first;
	const size_t first = cell * METRIC_TIMES_CELLS;
	uint64_t count = 0;

	for (size_t i = 0; i < METRIC_TIMES; i++) {
		char memory[24];
		struct pk_buf bound = pk_buf(memory, sizeof(memory) - 1);

		if (metrics_bound(i))
			put_seconds(&bound, metrics_bound(i));
		else
			pk_buf_put(&bound, PK_STR("+Inf"));
		memory[bound.len] = '\0';
		count += metrics_sum(metrics, metric, first + i);
		put_name(metrics, family, cell, "_bucket", memory, out);
		put_value(out, count);
	}
	put_name(metrics, family, cell, "_sum", NULL, out);
	put_seconds(out, metrics_sum(metrics, metric, first + METRIC_TIMES));
	pk_buf_char(out, '\n');
	put_name(metrics, family, cell, "_count", NULL, out);
	put_value(out, count);
}

void metrics_write(const struct metrics *metrics, struct pk_buf *out)
{
	static void (*const puts[])(const struct metrics *, const struct family *, size_t,
				    struct pk_buf *) = {
		[COUNTER] = put_counter, [GAUGE] = put_gauge, [TIMES] = put_times};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *const family = &families[i];
		const size_t cells = values_of(&family->label[0]) * values_of(&family->label[1]);

		put_head(out, family);
		for (size_t cell = 0; cell < cells; cell++)
			puts[family->type](metrics, family, cell, out);
	}
}
