import { escapeMarkdown, MessageFlags, SlashCommandBuilder } from 'discord.js';
/** @import { Command } from '../command.js' */

/** @type {Command} */
const server = {
  data: new SlashCommandBuilder().setName('server').setDescription('Tells about this server'),

  async execute(interaction) {
    // There is none in a direct message, nor where the bot itself is not a member.
    if (!interaction.guild) {
      await interaction.reply({
        content: 'Use this command in a server that I am a member of.',
        flags: MessageFlags.Ephemeral,
      });
      return;
    }

    // Fetched, because the cached count stays as it was when the bot started.
    const guild = await interaction.guild.fetch();
    const count = guild.approximateMemberCount ?? guild.memberCount;
    const members = count === 1 ? '1 member' : `${count} members`;
    await interaction.reply(`This is ${escapeMarkdown(guild.name)}, with ${members}.`);
  },
};

export default server;
