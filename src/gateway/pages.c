/*
 * Pages. They carry no script and load nothing from elsewhere, and a policy header holds them to
 * that. What is shown of a failure to a stranger is what the fault list says; its evidence is for
 * the operator, in the log.
 */
#include "gateway/pages.h"
#include "base/encode.h"
#include "base/form.h"
#include "base/text.h"
#include "proofkey_explain.h"
#include "gateway/known_login.h"
#include "gateway/log.h"
#include "gateway/origin.h"
#include "gateway/return_to.h"
#include "io/page.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

/* The largest is the sign-in page: LOGINS_MAX buttons, each with a return_to of %XX. */
#define PAGE_MAX 524288
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `form_goes_to`: an origin besides this one where a form of the page may lead, or empty. */
static void reply_page(struct http_request *request, int status, const struct pk_buf *page,
		       struct pk_str form_goes_to)
{
	char memory[1024];
	struct pk_buf policy = pk_buf(memory, sizeof(memory));

	/* Every size that a field can have was bounded before: this is our mistake, not the
	 * visitor's. */
	if (page->overflow) {
		log_text("error", "page.overflow", "a page is larger than %d bytes", PAGE_MAX);
		page_reply_text(request, 500, PK_STR("This page is too large to be shown.\n"));
		return;
	}
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	pk_buf_put(&policy, PK_STR("default-src 'none'; style-src 'self'; img-src 'self' data:; "
				   "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"));
	if (form_goes_to.len && form_goes_to.len < sizeof(memory) / 2) {
		pk_buf_char(&policy, ' ');
		pk_buf_put(&policy, form_goes_to);
	}
	http_reply_header(request, "Content-Security-Policy", pk_buf_str(&policy));
	http_reply_header(request, "X-Frame-Options", PK_STR("DENY"));
	http_reply_header(request, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	http_reply(request, status, "text/html; charset=utf-8", pk_buf_str(page));
}

void page_reply_text(struct http_request *request, int status, struct pk_str text)
{
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply(request, status, "text/plain; charset=utf-8", text);
}

void handle_style(struct front *front, struct http_request *request, struct pk_str rest)
{
	(void)front;
	(void)rest;
	http_reply_header(request, "Cache-Control", PK_STR("max-age=3600"));
	http_reply_header(request, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply(request, 200, "text/css; charset=utf-8", page_file("style.css"));
}

/* The host that people see in the address bar. */
static struct pk_str host_of(const struct front *front)
{
	const struct pk_str url = front->settings->public_url;

	return pk_str_from(url, pk_str_find(url, '/') + 2);
}

/* One of eight colours, always the same for a name. */
static struct pk_str hue_of(struct pk_str name, char memory[static 6])
{
	unsigned sum = 0;

	for (size_t i = 0; i < name.len; i++)
		sum = sum * 31 + (unsigned char)name.ptr[i];
	return (struct pk_str){memory, (size_t)snprintf(memory, 6, "hue-%u", sum % 8)};
}

/* The first character, all bytes of it. */
static struct pk_str first_letter(struct pk_str text)
{
	size_t len = 1;

	while (len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len++;
	return pk_str_first(text, len);
}

static void put_button(struct pk_buf *out, const struct login_settings *login,
		       struct pk_str return_to)
{
	char href_memory[4096], hue_memory[6];
	struct pk_buf href = pk_buf(href_memory, sizeof(href_memory));

	pk_buf_put(&href, PK_STR("/login/"));
	pk_buf_put(&href, login->login.name);
	if (return_to.len) {
		pk_buf_put(&href, PK_STR("?return_to="));
		pk_percent_encode(&href, return_to);
	}

	const struct page_field fields[] = {
		{"href", pk_buf_str(&href)},
		{"title", login->dialect.title},
		{"letter", first_letter(login->dialect.title)},
		{"hue", hue_of(login->login.name, hue_memory)},
	};

	page_render(out, "sign-in-button.html", fields, COUNT(fields));
}

static void reply_sign_in(struct front *front, struct http_request *request,
			  struct pk_str return_to)
{
	static char button_memory[PAGE_MAX], page_memory[PAGE_MAX];
	struct pk_buf buttons = pk_buf(button_memory, sizeof(button_memory));
	struct pk_buf page = pk_buf(page_memory, sizeof(page_memory));

	for (size_t i = 0; i < front->settings->login_count; i++)
		put_button(&buttons, &front->settings->login[i], return_to);

	const struct page_field fields[] = {
		{"host", host_of(front)},
		{"buttons", pk_buf_str(&buttons)},
	};

	page_render(&page, "sign-in.html", fields, COUNT(fields));
	page.overflow |= buttons.overflow;
	reply_page(request, 200, &page, PK_STR(""));
}

static struct pk_str day_and_time(int64_t at, char memory[static 32])
{
	const time_t seconds = (time_t)at;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	return (struct pk_str){memory, strftime(memory, 32, "%Y-%m-%d %H:%M UTC", &utc)};
}

/* The origin of the provider's own logout: browsers hold a form's redirects against the policy, too.
 * "Not given" where there is none. */
static struct pk_str logout_origin(const struct login_settings *login, char *memory, size_t size)
{
	struct pk_buf url = pk_buf(memory, size);
	struct pk_str origin;

	if (!login || !login->ends_there ||
	    pk_end_session_url(&login->login, (struct pk_secret){0}, (struct pk_str){0},
			       (struct pk_str){0}, &url, NULL) != PK_OK)
		return (struct pk_str){0};
	origin = pk_buf_str(&url);
	origin.len = pk_str_find(origin, ':') + 3;
	origin.len += pk_str_find(pk_str_from(pk_buf_str(&url), origin.len), '/');
	return origin_valid(origin) ? origin : (struct pk_str){0};
}

static void reply_signed_in(struct front *front, struct http_request *request,
			    const struct session *session, const struct login_settings *login)
{
	static char page_memory[PAGE_MAX];
	char email_memory[4096], since[32], until[32], origin_memory[2048];
	struct pk_buf page = pk_buf(page_memory, sizeof(page_memory));
	struct pk_buf email = pk_buf(email_memory, sizeof(email_memory));
	if (session->email.len)
		page_render(&email, "signed-in-email.html",
			    &(struct page_field){"email", session->email}, 1);

	const struct page_field fields[] = {
		{"host", host_of(front)},
		{"name", session->name.len ? session->name : session->subject},
		{"email_line", pk_buf_str(&email)},
		{"login", login ? login->dialect.title : session->login},
		{"subject", session->subject},
		{"since", day_and_time(session->issued_at, since)},
		{"until", day_and_time(session->expires_at, until)},
	};

	page_render(&page, "signed-in.html", fields, COUNT(fields));
	page.overflow |= email.overflow;
	reply_page(request, 200, &page, logout_origin(login, origin_memory, sizeof(origin_memory)));
}

/* A parameter of the query of a page; empty when the query is not readable: a page is shown all the
 * same. */
static struct pk_str query_parameter(struct http_request *request, struct pk_str name)
{
	struct pk_form form;

	return pk_form_parse(http_arena(request), http_query(request), &form, NULL) == PK_OK
		       ? pk_form_get(&form, name)
		       : (struct pk_str){0};
}

/* GET /login: the sign-in page, also where the app behind has the path / to itself. */
void handle_sign_in(struct front *front, struct http_request *request, struct pk_str rest)
{
	char memory[RETURN_TO_MAX];
	struct pk_buf checked = pk_buf(memory, sizeof(memory));
	const struct pk_str return_to = query_parameter(request, PK_STR("return_to"));

	(void)rest;
	reply_sign_in(front, request,
		      return_to_write(front->settings, return_to, &checked) ? return_to
									    : PK_STR(""));
}

/* Time may have passed since the session was looked at. */
static void home_of(struct front *front, struct http_request *request,
		    const struct login_settings *login)
{
	struct session session;

	if (front_session(front, request, &session))
		reply_signed_in(front, request, &session, login);
	else
		handle_sign_in(front, request, PK_STR(""));
}

/* GET /: who is signed in, or the sign-in page. */
void handle_home(struct front *front, struct http_request *request, struct pk_str rest)
{
	const struct login_settings *login;
	struct session session;

	if (!front_session(front, request, &session) ||
	    query_parameter(request, PK_STR("choose")).ptr) {
		handle_sign_in(front, request, rest);
		return;
	}
	login = settings_login(front->settings, session.login);
	if (login && login->ends_there)
		with_login_as_known(front, request, login, home_of);
	else
		home_of(front, request, login);
}

void page_reply_signed_out(struct front *front, struct http_request *request)
{
	char memory[8192];
	struct pk_buf page = pk_buf(memory, sizeof(memory));

	page_render(&page, "signed-out.html", &(struct page_field){"host", host_of(front)}, 1);
	reply_page(request, 200, &page, PK_STR(""));
}

/* Ten characters that name this failure in the page and in the log. */
static struct pk_str make_correlation(char memory[static 16])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < 10; i++)
		memory[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	return (struct pk_str){memory, 10};
}

static void log_failure(struct pk_str login, const struct failure *failure,
			struct pk_str correlation)
{
	const struct log_field fields[] = {
		{"fault", failure->fault},
		{"login", login},
		{"correlation", correlation},
		{"detail", failure->detail},
		{"provider_error", failure->provider_error},
		{"provider_text", failure->provider_text},
	};

	log_event("warn", "login.failed", fields, COUNT(fields));
}

/* Whose move it is, for the person before the browser. */
static struct pk_str mover_of(const struct pk_fault *fault)
{
	static const char *const table[][2] = {
		{"client", "the operator of this site"},
		{"provider", "the provider"},
		{"user", "you"},
		{"browser", "you, in your browser"},
		{"gateway", "nobody: try again"},
	};

	for (size_t i = 0; i < COUNT(table) && fault; i++)
		if (pk_str_equal(pk_str(fault->blame), pk_str(table[i][0])))
			return pk_str(table[i][1]);
	return PK_STR("the operator of this site");
}

/* What a person is shown beyond the fault list: HTML, empty where there is nothing of it. */
struct told {
	struct pk_buf detail, words, explanation;
};

static void write_told(const struct failure *failure, struct told *told)
{
	const struct page_field words[] = {{"error", failure->provider_error},
					   {"text", failure->provider_text}};

	if (failure->detail.len)
		page_render(&told->detail, "fault-detail.html",
			    &(struct page_field){"text", failure->detail}, 1);
	if (failure->provider_error.len)
		page_render(&told->words, "fault-provider.html", words, COUNT(words));
	if (failure->explanation.len)
		page_render(&told->explanation, "fault-explanation.html",
			    &(struct page_field){"text", failure->explanation}, 1);
}

void page_reply_failure(struct front *front, struct http_request *request, int status,
			struct pk_str login, const struct failure *failure)
{
	/* An escaped character takes six at most. */
	static char page_memory[PAGE_MAX], explanation_memory[6 * EXPLANATION_MAX + 256];
	char detail_memory[4096], words_memory[8192], href_memory[256], correlation_memory[16],
		status_memory[8];
	struct pk_buf page = pk_buf(page_memory, sizeof(page_memory));
	struct told told = {
		.detail = pk_buf(detail_memory, sizeof(detail_memory)),
		.words = pk_buf(words_memory, sizeof(words_memory)),
		.explanation = pk_buf(explanation_memory, sizeof(explanation_memory)),
	};
	struct pk_buf href = pk_buf(href_memory, sizeof(href_memory));
	struct pk_buf number = pk_buf(status_memory, sizeof(status_memory));
	const struct pk_str correlation = make_correlation(correlation_memory);
	const struct pk_fault *fault = pk_fault_find(failure->fault);
	const bool known = settings_login(front->settings, login) != NULL;

	metrics_count_fault(front->metrics, METRIC_LOGIN_FAULTS, failure->fault);
	log_failure(login, failure, correlation);
	pk_buf_number(&number, status);
	pk_buf_put(&href, known ? PK_STR("/login/") : PK_STR("/"));
	pk_buf_put(&href, known ? login : PK_STR(""));
	if (front->settings->explain_to_users)
		write_told(failure, &told);

	const struct page_field fields[] = {
		{"status", pk_buf_str(&number)},
		{"title", pk_str(fault ? fault->title : "The login failed.")},
		{"detail_block", pk_buf_str(&told.detail)},
		{"provider_words_block", pk_buf_str(&told.words)},
		{"fault", failure->fault},
		{"fix", pk_str(fault ? fault->fix : "Start it again.")},
		{"blame", mover_of(fault)},
		{"reference", pk_str(fault && fault->reference[0] ? fault->reference : "none")},
		{"retry_href", pk_buf_str(&href)},
		{"retry_text",
		 known ? PK_STR("Start the login again") : PK_STR("Go to the sign-in page")},
		{"correlation", correlation},
		{"explanation_block", pk_buf_str(&told.explanation)},
	};

	page_render(&page, "fault.html", fields, COUNT(fields));
	page.overflow |= told.detail.overflow || told.words.overflow || told.explanation.overflow;
	reply_page(request, status, &page, PK_STR(""));
}

void page_reply_refusal(struct front *front, struct http_request *request, int status,
			struct pk_str login, const struct pk_why *why)
{
	const char *fault = pk_err_info(why->err)->fault;
	const struct failure failure = {
		.fault = pk_str(fault[0] ? fault : "login-unknown"),
		.detail = pk_str(why->detail),
		.provider_error = pk_str(why->provider_error),
		.provider_text = pk_str(why->provider_text),
	};

	page_reply_failure(front, request, status, login, &failure);
}
