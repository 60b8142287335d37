import js from '@eslint/js';
import next from '@next/eslint-plugin-next';
import { defineConfig, globalIgnores } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// One configuration for the whole workspace: ESLint looks for it upwards from each file.
export default defineConfig(
  globalIgnores(['**/dist/', '**/.next/', '**/next-env.d.ts', '**/coverage/', 'result*', '.devenv*', '.direnv/']),
  js.configs.recommended,
  {
    // These rules know the types. They find what a reader overlooks, such as a
    // promise nobody waits for.
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
  },
  {
    files: ['apps/web/**', 'packages/ui/**'],
    extends: [reactHooks.configs.flat.recommended],
  },
  {
    files: ['apps/web/**'],
    extends: [next.configs['core-web-vitals']],
    // It looks for a folder `pages/`, which the App Router does not have.
    rules: { '@next/next/no-html-link-for-pages': 'off' },
  },
);
