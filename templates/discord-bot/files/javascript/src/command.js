/**
 * A slash command: what every file in `commands/` exports as its default.
 *
 * @typedef {object} Command
 * @property {import('discord.js').SharedSlashCommand} data
 *   What Discord shows to people: the name, the description and the options.
 * @property {(interaction: import('discord.js').ChatInputCommandInteraction) => Promise<void>} execute
 *   Answers one use of the command. Discord waits three seconds for the first reply.
 */

export {};
