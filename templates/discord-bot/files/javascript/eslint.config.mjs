import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'result*', '.devenv*', '.direnv/']),
  js.configs.recommended,
  {
    // These rules know the types, from the JSDoc comments. They find what a reader
    // overlooks, such as a promise nobody waits for.
    files: ['**/*.js'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // The type check finds undefined names, and it knows the globals of Node.js.
      'no-undef': 'off',
      // Does not see that a JSDoc comment gives a type to, say, the result of JSON.parse.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
