/*
 * GET /v1/grants: the grants that a key may use, without their tokens, a page at a time. A page
 * names the next one, so that nobody has to know how.
 */
#include "base/encode.h"
#include "base/text.h"
#include "gateway/broker.h"

#define PAGE 50 /* grants, unless limit says another */
#define PAGE_MAX 100

/* A grant as the keeper tells it. */
struct row {
	struct pk_str login;
	struct pk_str subject;
	struct pk_str state;
	struct pk_str scope;
	int64_t access_expires_at;
	int64_t refresh_expires_at;
	int64_t refresh_at;
	int64_t created_at;
	int64_t refreshed_at;
	int64_t failures;
	struct pk_str fault;
};

static struct row read_row(struct message_reader *in)
{
	struct row row;

	row.login = message_str(in, CALL_TEXT_MAX);
	row.subject = message_str(in, CALL_TEXT_MAX);
	row.state = message_str(in, CALL_TEXT_MAX);
	row.scope = message_str(in, MESSAGE_MAX);
	row.access_expires_at = (int64_t)message_number(in);
	row.refresh_expires_at = (int64_t)message_number(in);
	row.refresh_at = (int64_t)message_number(in);
	row.created_at = (int64_t)message_number(in);
	row.refreshed_at = (int64_t)message_number(in);
	row.failures = (int64_t)message_number(in);
	row.fault = message_str(in, CALL_TEXT_MAX);
	return row;
}

static void put_names(struct pk_buf *out, const struct row *row)
{
	pk_percent_encode(out, row->login);
	pk_buf_char(out, '/');
	pk_percent_encode(out, row->subject);
}

/* Three characters for each byte of both names at most, and once more for those of a parameter. */
#define NAMES_MAX (3 * 3 * 2 * CALL_TEXT_MAX)

static json_t *path_of(const struct row *row)
{
	char memory[NAMES_MAX];
	struct pk_buf path = pk_buf(memory, sizeof(memory));

	pk_buf_put(&path, PK_STR("/v1/grants/"));
	put_names(&path, row);
	return broker_json_text(pk_buf_str(&path));
}

/* The address of the page that begins behind this grant. */
static json_t *next_of(const struct row *row, struct pk_str login, int64_t limit)
{
	char name_memory[NAMES_MAX], memory[NAMES_MAX];
	struct pk_buf names = pk_buf(name_memory, sizeof(name_memory));
	struct pk_buf path = pk_buf(memory, sizeof(memory));

	put_names(&names, row);
	pk_buf_put(&path, PK_STR("/v1/grants?limit="));
	pk_buf_number(&path, limit);
	if (login.len)
		pk_form_put(&path, 0, PK_STR("login"), login);
	pk_form_put(&path, 0, PK_STR("after"), pk_buf_str(&names));
	return broker_json_text(pk_buf_str(&path));
}

static json_t *json_time(int64_t at)
{
	return at == PK_TIME_UNKNOWN ? json_null() : json_integer(at);
}

static json_t *json_row(const struct row *row)
{
	json_t *grant = json_object();

	json_object_set_new(grant, "login", broker_json_text(row->login));
	json_object_set_new(grant, "subject", broker_json_text(row->subject));
	json_object_set_new(grant, "path", path_of(row));
	json_object_set_new(grant, "state", broker_json_text(row->state));
	json_object_set_new(grant, "fault",
			    row->fault.len ? broker_json_text(row->fault) : json_null());
	json_object_set_new(grant, "scope", broker_json_text(row->scope));
	json_object_set_new(grant, "expires_at", json_time(row->access_expires_at));
	json_object_set_new(grant, "refresh_expires_at", json_time(row->refresh_expires_at));
	json_object_set_new(grant, "refresh_at", json_time(row->refresh_at));
	json_object_set_new(grant, "created_at", json_time(row->created_at));
	json_object_set_new(grant, "refreshed_at", json_time(row->refreshed_at));
	json_object_set_new(grant, "failures", json_integer(row->failures));
	return grant;
}

/* What the program asked for, read again when the answer comes. */
struct page {
	struct pk_str login;
	struct broker_request after; /* its login and subject */
	int64_t limit;
};

static bool read_page(const struct broker_request *request, struct page *ret)
{
	struct pk_str after, limit;

	*ret = (struct page){.limit = PAGE};
	if (!broker_parameter(request->http, "login", &ret->login) ||
	    !broker_parameter(request->http, "after", &after) ||
	    !broker_parameter(request->http, "limit", &limit))
		return false;
	if (limit.ptr && (!pk_str_number(limit, PAGE_MAX, &ret->limit) || !ret->limit))
		return false;
	return !after.ptr ||
	       (broker_path(request->http, after, &ret->after) &&
		ret->after.login.len < CALL_TEXT_MAX && ret->after.subject.len <= PK_SUBJECT_MAX);
}

static void on_answer(const struct broker_request *request, struct message_reader *answer)
{
	struct page page;
	struct row row = {0};
	json_t *body, *list;

	if (!message_number(answer)) {
		const struct broker_failure failure = broker_failure(answer);

		broker_refuse_as(request->http, &failure);
		return;
	}
	body = json_object();
	list = json_array();
	while (message_number(answer) == 1) {
		row = read_row(answer);
		if (answer->bad)
			break;
		json_array_append_new(list, json_row(&row));
	}
	json_object_set_new(body, "grants", list);

	const bool more = message_number(answer) != 0;

	if (!message_done(answer) || !read_page(request, &page)) {
		json_decref(body);
		broker_refuse(request->http, REFUSAL_KEEPER);
		return;
	}
	json_object_set_new(body, "next",
			    more && row.login.len ? next_of(&row, page.login, page.limit)
						  : json_null());
	broker_reply(request->http, 200, body);
}

void broker_list(const struct broker_request *request)
{
	char memory[2048];
	struct pk_buf message = pk_buf(memory, sizeof(memory));
	struct page page;

	if (!read_page(request, &page)) {
		broker_refuse(request->http, REFUSAL_PARAMETER);
		return;
	}
	if (page.login.len && !pk_list_has(&request->key->logins, page.login)) {
		broker_refuse(request->http, REFUSAL_LOGIN);
		return;
	}
	broker_begin(request, CALL_GRANTS, &message);
	message_put_str(&message, page.login);
	message_put_str(&message, page.after.login);
	message_put_str(&message, page.after.subject);
	message_put_number(&message, (uint64_t)page.limit);
	broker_ask(request, &message, on_answer);
}
