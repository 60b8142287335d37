import { SlashCommandBuilder } from 'discord.js';
import type { Command } from '../command.ts';

const ping: Command = {
  data: new SlashCommandBuilder().setName('ping').setDescription('Shows how fast the bot answers'),

  async execute(interaction) {
    // Measured with our own clock: Discord's may differ from it.
    const start = performance.now();
    await interaction.reply('Pong!');
    const roundTrip = Math.round(performance.now() - start);

    // The gateway's ping is -1 until its first heartbeat, up to a minute after the start.
    const gatewayPing = interaction.client.ws.ping;
    const gateway = gatewayPing < 0 ? 'not measured yet' : `${Math.round(gatewayPing)} ms`;
    await interaction.editReply(`Pong! Gateway: ${gateway}. Round trip: ${roundTrip} ms.`);
  },
};

export default ping;
