// A walk past every kind of page that a visitor can meet: those that a login passes through, and the sandbox's front page.

/** Opens each kind of page in turn and calls `look` with the tab and the name of the page. */
export async function visitAll(visitor, look) {
	const { gateway, sandbox } = visitor.site;
	const tab = await visitor.tab();

	await tab.goto(`${gateway}/`);
	await look(tab, 'sign-in');
	await visitor.goToProvider(tab, 'TikTok');
	await look(tab, 'consent');
	await visitor.decides(tab, { person: 'Grace Hopper', button: 'Deny' });
	await visitor.seesFault(tab, 'user-denied');
	await look(tab, 'fault');
	await visitor.signsIn(tab, 'RFC 7636', 'Grace Hopper');
	await look(tab, 'signed in');
	await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
	await visitor.sees(tab, 'You are signed out');
	await look(tab, 'signed out');
	await tab.goto(`${sandbox}/`);
	await look(tab, 'sandbox');
	await tab.goto(`${sandbox}/tiktok/v2/auth/authorize/?client_key=nobody`);
	await visitor.sees(tab, /./);
	await look(tab, 'refusal');
}
