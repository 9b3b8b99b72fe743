// A press that gets no answer must not look as if it had been recorded: htmx says so in the console only.
const away = (hidden) => document.getElementById("away")?.toggleAttribute("hidden", hidden);
document.addEventListener("htmx:error", () => away(false));
document.addEventListener("htmx:after:request", () => away(true));
