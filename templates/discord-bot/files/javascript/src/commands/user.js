import { escapeMarkdown, SlashCommandBuilder, time, TimestampStyles } from 'discord.js';
/** @import { Command } from '../command.js' */

/** @type {Command} */
const user = {
  data: new SlashCommandBuilder().setName('user').setDescription('Tells about you'),

  async execute(interaction) {
    const { displayName, createdAt } = interaction.user;
    // Discord shows these in each reader's own language and time zone.
    const date = time(createdAt, TimestampStyles.LongDate);
    const age = time(createdAt, TimestampStyles.RelativeTime);
    await interaction.reply(`You are ${escapeMarkdown(displayName)}. You joined Discord on ${date}, ${age}.`);
  },
};

export default user;
